// The form of a record beside its JSON.

import { useEffect, useId, useRef, useState } from 'preact/hooks'
import { api, type Failure, type Fields, type Found, type Json, type Model, type Told } from './api.ts'
import { Form, LONG, LongText, Reveal, type About } from './form.tsx'
import { written, type Question } from './review.tsx'
import { go, note } from './state.ts'

interface EditingProps {
  model: Model
  found: Found | null
  original: Fields
  readOnly: boolean
  setDirty: (dirty: boolean) => void
  ask: (question: Question) => void
  collide: (told: Told, mine: Fields) => void
  reload: () => Promise<void>
  owner?: string
}

/** The form and the JSON of a record, of which each follows the other. */
export function Editing({ model, found, original, readOnly, setDirty, ask, collide, reload, owner }: EditingProps) {
  const [map, setMap] = useState(original)
  const [text, setText] = useState<string | null>(null)
  const [fault, setFault] = useState<{ line: number; column: number; message: string } | null>(null)
  const [faults, setFaults] = useState(new Map<string, string>())
  const [failure, setFailure] = useState('')
  const [revealing, setRevealing] = useState(false)
  const area = useRef<HTMLTextAreaElement>(null)
  const label = useId()
  const isNew = found === null
  const isDirty = isNew || text !== null || JSON.stringify(map) !== JSON.stringify(original)
  useEffect(() => setDirty(isDirty && !isNew), [isDirty])

  const edit = (next: Fields) => {
    setMap(next)
    setText(null)
    setFault(null)
  }
  const write = (next: string) => {
    setText(next)
    try {
      const value: Json = JSON.parse(next)
      if (typeof value !== 'object' || value === null || Array.isArray(value))
        throw new SyntaxError('an object is expected')
      setMap(value)
      setFault(null)
    } catch (error) {
      setFault(placed(error as Error, next))
    }
  }
  const tell = (error: Failure) => {
    const issues = error.issues ?? []
    setFaults(new Map(issues.map(({ path, expected, received }) => [path, `expected ${expected}, got ${received}`])))
    setFailure(error.message)
    setTimeout(() => document.querySelector('.faulty')?.scrollIntoView({ block: 'center' }))
  }
  const review = async () => {
    const asked = { model: model.name, key: found?.key, stamp: found?.stamp, owner, text: text ?? written(map) }
    const what = isNew ? 'create' : 'update'
    setFaults(new Map())
    setFailure('')
    try {
      const told = await api.change(what, asked, true)
      if (told.fault) return setFault(told.fault)
      if (told.conflict) return collide(told, map)
      const save = async () => {
        const done = await api.change(what, asked, false)
        if (done.conflict) return collide(done, map)
        note(`${isNew ? 'Created' : 'Saved'} ${model.name} ${found?.label ?? ''}`.trim() + '.', done)
        if (isNew) go([model.name, done.key])
        else await reload()
      }
      ask({ what, told, go: save })
    } catch (error) {
      tell(error as Failure)
    }
  }
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key === 's' && !readOnly) {
        event.preventDefault()
        if (isDirty) void review()
      }
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  })

  const about: About = { found, faults, readOnly }
  const now = text ?? (JSON.stringify(map).length > 10 * LONG ? null : written(map))
  return (
    <>
      <div class="editing">
        <div class="side">
          {model.sealedAs && found && (
            <p class="sealed">
              <span class="badge">sealed</span>
              <button type="button" onClick={() => setRevealing(true)}>
                Look at {model.sealedAs}
              </button>
            </p>
          )}
          <Form
            fields={shownFields(model, isNew)}
            map={map}
            set={edit}
            about={about}
            apart={model.sealedAs ? PARTS : []}
          />
        </div>
        <div class="side json">
          <h2 id={label}>JSON</h2>
          {now === null ? (
            <LongText text={written(map)} />
          ) : (
            <textarea
              ref={area}
              aria-labelledby={label}
              spellcheck={false}
              readOnly={readOnly}
              value={now}
              aria-invalid={fault !== null || undefined}
              onInput={(event) => write(event.currentTarget.value)}
            />
          )}
          {fault && (
            <p class="fault" role="alert">
              <button
                type="button"
                class="quiet"
                onClick={() => {
                  const at = offset(now ?? '', fault.line, fault.column)
                  area.current?.focus()
                  area.current?.setSelectionRange(at, at + 1)
                }}
              >
                line {fault.line}, column {fault.column}
              </button>
              : {fault.message}
            </p>
          )}
        </div>
      </div>
      {failure && (
        <p class="banner bad" role="alert">
          {failure}
        </p>
      )}
      {!readOnly && (isDirty || failure) && (
        <footer class="actions">
          <button type="button" class="primary" disabled={fault !== null} onClick={() => void review()}>
            Review…
          </button>
          {!isNew && (
            <button
              type="button"
              onClick={() => {
                edit(original)
                setFaults(new Map())
                setFailure('')
              }}
            >
              Discard
            </button>
          )}
          <span class="faint">Nothing is written yet.</span>
        </footer>
      )}
      {revealing && found && <Reveal found={found} field={model.sealedAs!} close={() => setRevealing(false)} />}
    </>
  )
}

/** What stands in a record in the place of what is sealed. */
export const PARTS = ['ciphertext', 'iv', 'authTag']

/** The fields of the form: what never changes is only shown, and the parts of what is sealed are no text to edit. */
function shownFields(model: Model, isNew: boolean) {
  const stays = (name: string) => !isNew && (name === model.key || name === 'createdAt')
  const fields = model.fields.map((field) => (stays(field.name) ? { ...field, derived: true } : field))
  if (model.sealedAs === null) return fields.filter((field) => !isNew || !field.derived)
  const others = fields.filter((field) => !PARTS.includes(field.name))
  const doc = isNew
    ? 'In clear; it is sealed before it is written.'
    : 'A new one in clear, which is sealed in place of the one there is.'
  const clear = {
    ...others[0]!,
    name: model.sealedAs,
    kind: { is: 'text' as const },
    optional: true,
    derived: false,
    doc,
    private: false,
    sealed: false,
  }
  return [...others, clear]
}

/** Where a fault is, from what the browser says of it. */
function placed(error: Error, text: string): { line: number; column: number; message: string } {
  const [, at] = /position (\d+)/.exec(error.message) ?? []
  const before = text.slice(0, at === undefined ? text.length : Number(at)).split('\n')
  const message = error.message.replace(/ ?(in JSON )?at position.*$/, '').replace(/, ".*$/, '')
  return { line: before.length, column: before.at(-1)!.length + 1, message }
}

function offset(text: string, line: number, column: number): number {
  const before = text.split('\n').slice(0, line - 1)
  return before.reduce((sum, text) => sum + text.length + 1, 0) + column - 1
}
