'use client'

import { useActionState } from 'react'
import { importShipped, type ImportState } from '@/actions/importPlay'
import { attempt } from '@/lib/attempt'

export function ShippedScene({ file, title }: { file: string; title: string }) {
  const [state, importIt, importing] = useActionState(
    (state: ImportState, form: FormData): Promise<ImportState> => attempt(() => importShipped(state, form)),
    {},
  )
  return (
    <form className="panel inviting" action={importIt}>
      <input type="hidden" name="scene" value={file} />
      <div>
        <p className="eyebrow">Comes with the app</p>
        <h2>{title}</h2>
        <p>Fifty speeches, five voices, forty clocks and nine hens.</p>
        {state.error ? (
          <p className="fault" role="alert">
            {state.error}
          </p>
        ) : null}
      </div>
      <button className="button" disabled={importing}>
        {importing ? 'Importing…' : 'Import this scene'}
      </button>
    </form>
  )
}
