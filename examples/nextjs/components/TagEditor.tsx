'use client'

import { useId, useRef, useState, useTransition } from 'react'
import { addTag, removeTag, type Tagged } from '@/actions/tags'
import { attempt } from '@/lib/attempt'

interface Named {
  id: string
  name: string
}

interface Props {
  kind: Tagged
  recordId: string
  tags: Named[]
  /** All of the user's tags, to choose from. */
  known: Named[]
}

export function TagEditor({ kind, recordId, tags, known }: Props) {
  const form = useRef<HTMLFormElement>(null)
  const [error, setError] = useState('')
  const [busy, startChange] = useTransition()
  const list = useId()

  function change(work: () => Promise<{ error: string } | void>) {
    startChange(async () => {
      const failed = await attempt(work)
      setError(failed?.error ?? '')
      if (!failed) form.current?.reset()
    })
  }

  return (
    <div className="tag-editor" aria-busy={busy}>
      <ul className="chips" aria-label="Tags">
        {tags.map((tag) => (
          <li key={tag.id} className="chip">
            {tag.name}
            <button
              aria-label={`Remove the tag ${tag.name}`}
              disabled={busy}
              onClick={() => change(() => removeTag(kind, recordId, tag.id))}
            >
              ×
            </button>
          </li>
        ))}
      </ul>
      <form ref={form} action={(data) => change(() => addTag(kind, recordId, String(data.get('name'))))}>
        <input name="name" aria-label="Add a tag" placeholder="Add a tag" list={list} maxLength={40} required />
        <datalist id={list}>
          {known.map((tag) => (
            <option key={tag.id} value={tag.name} />
          ))}
        </datalist>
        <button className="button quiet small" disabled={busy}>
          Add
        </button>
      </form>
      {error ? (
        <p className="fault" role="alert">
          {error}
        </p>
      ) : null}
    </div>
  )
}
