'use client'

import { useState, type CSSProperties, type FormEvent } from 'react'
import type { Line } from '@/lib/records'
import { hueOf } from '@/lib/words'
import { ConfirmDelete } from './ConfirmDelete'
import { Monogram } from './Monogram'

interface Props {
  line: Line
  /** The same voice as in the line before: the name is not said again. */
  goesOn: boolean
  characterName: string
  onEdit: (id: string, content: string) => Promise<string | undefined>
  onDelete: (id: string) => Promise<{ error: string } | void>
}

/** One message, set like a speech in a play; what the person wrote stands on the other side. */
export function Speech({ line, goesOn, characterName, onEdit, onDelete }: Props) {
  const [editing, setEditing] = useState(false)
  const mine = line.role === 'USER' && !line.speaker
  const name = line.speaker ?? (mine ? 'You' : characterName)
  const look = ['speech', mine && 'mine', goesOn && 'goes-on'].filter(Boolean).join(' ')

  return (
    <article
      className={look}
      data-message-id={line.id}
      aria-label={name}
      style={{ '--hue': hueOf(name) } as CSSProperties}
    >
      {mine || goesOn ? null : <Monogram name={name} />}
      <header className="speech-head">
        {goesOn ? null : <h2 className="speaker">{name}</h2>}
        {line.quote ? <span className="label">quotes itself</span> : null}
        {line.editedAt ? <span className="label">edited</span> : null}
        {editing ? null : (
          <span className="speech-tools">
            <button className="text-button" onClick={() => setEditing(true)}>
              Edit
            </button>
            <ConfirmDelete
              what="this message"
              warning="It will be gone from the chat. This cannot be undone."
              className="text-button"
              action={() => onDelete(line.id)}
            />
          </span>
        )}
      </header>
      {editing ? (
        <EditForm
          content={line.content}
          onSave={async (content) => {
            const fault = await onEdit(line.id, content)
            if (!fault) setEditing(false)
            return fault
          }}
          onCancel={() => setEditing(false)}
        />
      ) : (
        <p className="words">{line.content}</p>
      )}
    </article>
  )
}

interface EditProps {
  content: string
  onSave: (content: string) => Promise<string | undefined>
  onCancel: () => void
}

function EditForm({ content, onSave, onCancel }: EditProps) {
  const [fault, setFault] = useState('')
  const [saving, setSaving] = useState(false)

  async function save(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const changed = String(new FormData(event.currentTarget).get('content'))
    setSaving(true)
    setFault((await onSave(changed)) ?? '')
    setSaving(false)
  }

  return (
    <form className="edit-form" onSubmit={save}>
      <textarea
        name="content"
        aria-label="The message"
        defaultValue={content}
        rows={Math.min(12, content.split('\n').length + 1)}
        autoFocus
        required
        onKeyDown={(event) => {
          if (event.key === 'Escape') onCancel()
        }}
      />
      {fault ? (
        <p className="fault" role="alert">
          {fault}
        </p>
      ) : null}
      <div className="edit-buttons">
        <button className="button quiet small" type="button" onClick={onCancel}>
          Cancel
        </button>
        <button className="button small" disabled={saving}>
          {saving ? 'Saving…' : 'Save'}
        </button>
      </div>
    </form>
  )
}
