'use client'

import Link from 'next/link'
import { startTransition, useActionState, useEffect, useRef, type FormEvent } from 'react'
import { importText, type ImportState } from '@/actions/importPlay'
import { attempt } from '@/lib/attempt'
import { counted } from '@/lib/words'

const EXAMPLE = `Captain Osk:
Cast off the stern line.

Wren:
I cannot see my own boots.`

export function ImportForm() {
  const [state, importIt, importing] = useActionState(
    (state: ImportState, data: FormData): Promise<ImportState> => attempt(() => importText(state, data)),
    {},
  )
  const form = useRef<HTMLFormElement>(null)

  // Not `action={importIt}`: React would empty the form, and a fault must not cost the pasted text.
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const data = new FormData(event.currentTarget)
    startTransition(() => importIt(data))
  }

  useEffect(() => {
    if (state.done) form.current?.reset()
  }, [state])

  return (
    <form className="panel stack" ref={form} onSubmit={submit}>
      <h2>Your own text</h2>
      <label className="field">
        <span>A text file</span>
        <input type="file" name="file" accept=".txt,text/plain" />
      </label>
      <label className="field">
        <span>Or the text itself</span>
        <textarea name="text" rows={6} placeholder={EXAMPLE} />
        <small>A line with the speaker and a colon, the words below it, an empty line.</small>
      </label>
      <label className="field">
        <span>Title</span>
        <input name="title" maxLength={120} placeholder="The file’s name, unless you give one" />
      </label>
      <fieldset className="choices">
        <legend>Chats</legend>
        <label>
          <input type="radio" name="split" value="scenes" defaultChecked />
          <span>
            <strong>One a scene</strong>
            <small>A new chat begins where the cast changes; up to 300 speeches each.</small>
          </span>
        </label>
        <label>
          <input type="radio" name="split" value="whole" />
          <span>
            <strong>One in all</strong>
            <small>However long it is. Thousands of messages are fine.</small>
          </span>
        </label>
      </fieldset>
      {state.done ? (
        <p className="success" role="status">
          “{state.done.title}” is in: {counted(state.done.speeches, 'message')} in {counted(state.done.chats, 'chat')},
          by {counted(state.done.newCharacters, 'new character')}. <Link href="/chats">To the chats</Link>
        </p>
      ) : null}
      {state.error ? (
        <p className="fault" role="alert">
          {state.error}
        </p>
      ) : null}
      <div>
        <button className="button" disabled={importing}>
          {importing ? 'Importing…' : 'Import'}
        </button>
      </div>
    </form>
  )
}
