'use client'

import { useRef, useState, type FormEvent } from 'react'

interface Props {
  characterName: string
  onSend: (content: string) => Promise<boolean>
}

/** Enter sends, Shift and Enter begins a new line; what could not be sent comes back. */
export function Composer({ characterName, onSend }: Props) {
  const form = useRef<HTMLFormElement>(null)
  const [content, setContent] = useState('')
  const [sending, setSending] = useState(false)

  async function send(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    if (sending || content.trim() === '') return
    setSending(true)
    setContent('')
    if (!(await onSend(content.trim()))) setContent(content)
    setSending(false)
  }

  return (
    <form className="composer" ref={form} onSubmit={send}>
      <div className="composer-field">
        <textarea
          aria-label="Your message"
          placeholder="Say something"
          value={content}
          rows={1}
          onChange={(event) => setContent(event.target.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return
            event.preventDefault()
            form.current?.requestSubmit()
          }}
        />
        <button className="button" disabled={sending || content.trim() === ''}>
          Send
        </button>
      </div>
      <p className="composer-note">No model is asked: {characterName} quotes itself.</p>
    </form>
  )
}
