'use client'

import { useCallback, useState, useTransition } from 'react'
import { attempt } from '@/lib/attempt'

interface Props {
  what: string
  warning: string
  label?: string
  className?: string
  action: () => Promise<{ error: string } | void>
}

/** A button that asks before it deletes. */
export function ConfirmDelete({ what, warning, label = 'Delete', className = 'button quiet danger', action }: Props) {
  const [asking, setAsking] = useState(false)
  const [error, setError] = useState('')
  const [deleting, startDeleting] = useTransition()
  const show = useCallback((dialog: HTMLDialogElement | null) => dialog?.showModal(), [])

  function ask() {
    setError('')
    setAsking(true)
  }

  function confirm() {
    startDeleting(async () => {
      const failed = await attempt(action)
      if (failed?.error) setError(failed.error)
      else setAsking(false)
    })
  }

  return (
    <>
      <button type="button" className={className} onClick={ask}>
        {label}
      </button>
      {asking ? (
        <dialog ref={show} className="dialog" aria-label={`Delete ${what}?`} onClose={() => setAsking(false)}>
          <h2>Delete {what}?</h2>
          <p>{warning}</p>
          {error ? (
            <p className="fault" role="alert">
              {error}
            </p>
          ) : null}
          <div className="dialog-buttons">
            <button
              type="button"
              className="button quiet"
              autoFocus
              onClick={(event) => event.currentTarget.closest('dialog')?.close()}
            >
              Keep
            </button>
            <button type="button" className="button danger" disabled={deleting} onClick={confirm}>
              {deleting ? 'Deleting…' : 'Delete'}
            </button>
          </div>
        </dialog>
      ) : null}
    </>
  )
}
