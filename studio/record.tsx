// One record: as a form beside its JSON, with what belongs to it.

import { useEffect, useId, useMemo, useRef, useState } from 'preact/hooks'
import {
  api,
  payloadAddress,
  type Failure,
  type Fields,
  type Found,
  type Json,
  type Model,
  type Row,
  type Told,
} from './api.ts'
import { Chat } from './chat.tsx'
import { Dialog } from './dialog.tsx'
import { Consequences, Differences } from './diff.tsx'
import { EditorLink } from './editor.tsx'
import { Form, LONG, LongText, Reveal, type About } from './form.tsx'
import { address, adjust, changed, complain, go, mayWrite, modelNamed, note, place, say } from './state.ts'
import { Empty, counted, counts, sized } from './value.tsx'

/** What is asked before it is done. */
interface Question {
  what: 'create' | 'update' | 'delete'
  told: Told
  go: () => Promise<void>
}

export function Record({ model, id }: { model: Model; id: string }) {
  const [found, setFound] = useState<Found | null | undefined>(undefined)
  const [failure, setFailure] = useState('')
  const [stale, setStale] = useState<Found | null | undefined>(undefined)
  const [dirty, setDirty] = useState(false)

  const load = async () => {
    try {
      setFound(await api.record(model.name, id))
      setStale(undefined)
      setFailure('')
    } catch (error) {
      setFailure((error as Error).message)
    }
  }
  useEffect(() => {
    setFound(undefined)
    setDirty(false)
    void load()
  }, [model.name, id])
  // A change elsewhere is taken over at once, unless something here would be lost by it.
  useEffect(() => {
    const { number, models, events } = changed.value
    const isMine =
      models.includes(model.name) && (events === null || events.some((event) => event.id === id || event.id === null))
    if (number === 0 || !found || !(isMine || events?.some((event) => Object.values(event).includes(id)))) return
    if (!dirty) return void load()
    void api.record(model.name, id).then((now) => now?.stamp !== found.stamp && setStale(now), complain)
  }, [changed.value])

  if (failure) return <Empty>{failure}</Empty>
  if (found === undefined) return <Empty>Loading…</Empty>
  if (found === null)
    return (
      <Empty>
        No {model.name} has the id {id}; it may have been deleted.
      </Empty>
    )
  if (found.broken) return <Broken found={found} />
  return (
    <Sheet
      key={`${found.key}${found.stamp}`}
      model={model}
      found={found}
      stale={stale}
      reload={load}
      setDirty={setDirty}
    />
  )
}

function Broken({ found }: { found: Found }) {
  return (
    <section class="record">
      <header class="bar">
        <h1>{found.key}</h1>
      </header>
      <p class="banner bad" role="alert">
        This {found.model} cannot be read: {found.broken}
      </p>
      {found.path && <EditorLink path={found.path} />}
    </section>
  )
}

interface SheetProps {
  model: Model
  found: Found
  stale: Found | null | undefined
  reload: () => Promise<void>
  setDirty: (dirty: boolean) => void
}

function Sheet({ model, found, stale, reload, setDirty }: SheetProps) {
  const original = useMemo(() => JSON.parse(found.text) as Fields, [found])
  const readOnly = !mayWrite.value || model.readOnly
  const log = found.logs.find((name) => modelNamed(name))
  const tabs = [...(log ? ['Log'] : []), 'Record', 'Related']
  const wanted = place.value.query.get('tab')
  const tab = tabs.find((name) => name === wanted) ?? tabs[0]!
  const related = found.related.reduce((sum, { count }) => sum + count, 0)

  const [question, setQuestion] = useState<Question | null>(null)
  const [conflict, setConflict] = useState<{ told: Told; mine: Fields } | null>(null)

  const remove = async () => {
    const asked = { model: model.name, key: found.key, stamp: found.stamp }
    try {
      const told = await api.change('delete', asked, true)
      if (told.conflict) return void (await reload())
      setQuestion({
        what: 'delete',
        told,
        go: async () => {
          const done = await api.change('delete', asked, false)
          setQuestion(null)
          if (done.conflict) return say('It has changed meanwhile: look at it once more.', { bad: true })
          note(`Deleted ${model.name} ${found.label}.`, done)
          go(found.owner && model.owner ? [model.owner.model, found.owner] : [model.name])
        },
      })
    } catch (error) {
      complain(error)
    }
  }

  return (
    <section class="record">
      <header class="bar">
        <div class="title">
          <p class="crumbs">
            <a href={address([model.name])}>{model.name}</a>
            {found.owner && model.owner && (
              <>
                {' '}
                in <a href={address([model.owner.model, found.owner], { at: found.key })}>its {model.owner.model}</a>
              </>
            )}
          </p>
          <h1>{found.label}</h1>
        </div>
        {!readOnly && !model.single && (
          <button type="button" class="danger" onClick={remove}>
            Delete…
          </button>
        )}
      </header>
      <p class="status">
        {found.path && <EditorLink path={found.path} />} <span class="faint">{sized(found.bytes)}</span>
      </p>
      {stale !== undefined && (
        <p class="banner" role="alert">
          {stale === null ? 'This was deleted elsewhere meanwhile.' : 'This was changed elsewhere meanwhile.'}
          <button type="button" onClick={() => void reload()}>
            Show it as it is now
          </button>
        </p>
      )}
      {tabs.length > 1 && (
        <div role="tablist" aria-label="Parts">
          {tabs.map((name) => (
            <button
              key={name}
              type="button"
              role="tab"
              aria-selected={name === tab}
              onClick={() => adjust({ tab: name })}
            >
              {name === 'Log' ? 'Conversation' : name}
              {name === 'Related' && <span class="faint"> {counted(related)}</span>}
            </button>
          ))}
        </div>
      )}
      {found.hasPayload && tab === 'Record' && <Payload found={found} map={original} />}
      {tab === 'Log' && log && <Chat model={modelNamed(log)!} owner={found.key} at={place.value.query.get('at')} />}
      {tab === 'Related' && <Related found={found} />}
      {tab === 'Record' && (
        <Editing
          model={model}
          found={found}
          original={original}
          readOnly={readOnly}
          setDirty={setDirty}
          ask={setQuestion}
          collide={(told, mine) => setConflict({ told, mine })}
          reload={reload}
        />
      )}
      {question && <Review question={question} id={found.key} close={() => setQuestion(null)} />}
      {conflict && (
        <Conflict
          {...conflict}
          original={original}
          close={() => setConflict(null)}
          reload={async () => {
            setConflict(null)
            await reload()
          }}
          model={model}
          id={found.key}
          ask={(next) => {
            setConflict(null)
            setQuestion(next)
          }}
        />
      )}
    </section>
  )
}

function Payload({ found, map }: { found: Found; map: Fields }) {
  const [isImage, setIsImage] = useState(true)
  const name = String(map.filename ?? found.key)
  return (
    <figure class="payload">
      {isImage && <img src={payloadAddress(found.key)} alt={name} onError={() => setIsImage(false)} />}
      <figcaption>
        <a href={payloadAddress(found.key)} download={name}>
          Save {name}
        </a>
      </figcaption>
    </figure>
  )
}

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

const written = (map: Fields) => `${JSON.stringify(map, null, 2)}\n`

/** The form and the JSON of a record, of which each follows the other. */
function Editing({ model, found, original, readOnly, setDirty, ask, collide, reload, owner }: EditingProps) {
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

const PARTS = ['ciphertext', 'iv', 'authTag']

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

const TITLES = { create: 'Create this?', update: 'Save this?', delete: 'Delete this?' }
const WORDS = { create: 'Create', update: 'Save', delete: 'Delete' }

function Review({ question, id, close }: { question: Question; id: string; close: () => void }) {
  const [busy, setBusy] = useState(false)
  const { what, told } = question
  const sure = async () => {
    setBusy(true)
    try {
      await question.go()
    } catch (error) {
      complain(error)
    }
    setBusy(false)
    close()
  }
  return (
    <Dialog title={TITLES[what]} close={close} wide>
      <Consequences told={told} main={what === 'update' ? id : undefined} />
      {told.final && <p class="banner bad">This cannot be taken back: {told.final}.</p>}
      <footer>
        <button
          type="button"
          autoFocus={what !== 'delete'}
          class={what === 'delete' ? 'danger' : 'primary'}
          disabled={busy}
          onClick={sure}
        >
          {WORDS[what]}
        </button>
        <button type="button" autoFocus={what === 'delete'} onClick={close}>
          Not yet
        </button>
      </footer>
    </Dialog>
  )
}

interface ConflictProps {
  told: Told
  mine: Fields
  original: Fields
  model: Model
  id: string
  close: () => void
  reload: () => Promise<void>
  ask: (question: Question) => void
}

/** Somebody else has changed it: what theirs and mine are, and nothing is written over. */
function Conflict({ told, mine, original, model, id, close, reload, ask }: ConflictProps) {
  const { text, stamp, gone } = told.conflict!
  const theirs = text ? (JSON.parse(text) as Fields) : {}
  const onto = async () => {
    const names = Object.keys({ ...original, ...mine })
    const merged = { ...theirs }
    for (const name of names) {
      if (JSON.stringify(mine[name]) === JSON.stringify(original[name])) continue
      if (mine[name] === undefined) delete merged[name]
      else merged[name] = mine[name]
    }
    const asked = { model: model.name, key: id, stamp, text: written(merged) }
    try {
      const rehearsed = await api.change('update', asked, true)
      if (rehearsed.conflict) return void (await reload())
      const save = async () => {
        const done = await api.change('update', asked, false)
        if (done.conflict) say('It has changed once more: look at it again.', { bad: true })
        else note(`Saved ${model.name}.`, done)
        await reload()
      }
      ask({ what: 'update', told: rehearsed, go: save })
    } catch (error) {
      complain(error)
    }
  }
  return (
    <Dialog title={gone ? 'This was deleted meanwhile' : 'This was changed elsewhere meanwhile'} close={close} wide>
      {gone ? (
        <p>Nothing was written. What you have typed is still in the form.</p>
      ) : (
        <>
          <h3>What is other there now</h3>
          <Differences before={original} after={theirs} />
          <h3>What you have changed</h3>
          <Differences before={original} after={mine} />
        </>
      )}
      <footer>
        {!gone && (
          <button type="button" class="primary" onClick={() => void onto()}>
            Review mine on top of theirs
          </button>
        )}
        <button type="button" onClick={() => void reload()}>
          Discard mine
        </button>
        <button type="button" onClick={close}>
          Go on editing
        </button>
      </footer>
    </Dialog>
  )
}

/** Who refers to it; the records themselves only when somebody asks for them. */
function Related({ found }: { found: Found }) {
  const some = found.related.filter(({ count }) => count > 0)
  return (
    <div class="related">
      {some.map(({ model, path, count }) => (
        <Relation key={model + path} found={found} model={model} path={path} count={count} />
      ))}
      {some.length === 0 && <Empty>Nothing refers to it.</Empty>}
    </div>
  )
}

const RELATED = 20

function Relation({ found, model, path, count }: { found: Found; model: string; path: string; count: number }) {
  const [rows, setRows] = useState<Row[]>([])
  const more = async () => {
    try {
      const options = { skip: rows.length, take: RELATED }
      const page = await api.related(found.model, found.key, model, path, options)
      setRows([...rows, ...page.rows])
    } catch (error) {
      complain(error)
    }
  }
  return (
    <details onToggle={(event) => event.currentTarget.open && rows.length === 0 && void more()}>
      <summary>
        {counts(count, model)} <span class="faint">by {path}</span>
      </summary>
      <ul>
        {rows.map((row) => (
          <li key={row.key}>
            <a href={address([model, row.key])}>{row.label}</a>
          </li>
        ))}
      </ul>
      {rows.length > 0 && rows.length < count && (
        <button type="button" onClick={() => void more()}>
          Show more
        </button>
      )}
    </details>
  )
}

/** A record that is to be: with defaults, and the owner where there is but one. */
export function NewRecord({ model }: { model: Model }) {
  const [original, setOriginal] = useState<Fields | null>(null)
  const [question, setQuestion] = useState<Question | null>(null)
  const owner = place.value.query.get('owner') ?? undefined
  useEffect(() => {
    void start(model).then(setOriginal, complain)
  }, [model.name])
  if (!mayWrite.value) return <Empty>This studio only shows: start it with --write to create something.</Empty>
  if (original === null) return <Empty>Loading…</Empty>
  return (
    <section class="record">
      <header class="bar">
        <div class="title">
          <p class="crumbs">
            <a href={address([model.name])}>{model.name}</a>
          </p>
          <h1>New {model.name}</h1>
        </div>
      </header>
      <Editing
        model={model}
        found={null}
        original={original}
        readOnly={false}
        setDirty={() => {}}
        ask={setQuestion}
        collide={() => {}}
        reload={async () => {}}
        owner={owner}
      />
      {question && <Review question={question} id="" close={() => setQuestion(null)} />}
    </section>
  )
}

async function start(model: Model): Promise<Fields> {
  const given = ['id', 'createdAt', 'updatedAt', ...PARTS]
  const fields = model.fields.filter((field) => !given.includes(field.name) && !field.given && !field.optional)
  const map: Fields = {}
  for (const field of fields) map[field.name] = field.default ?? (field.kind.is === 'text' ? '' : null)
  const toUser = fields.filter((field) => field.kind.is === 'link' && field.kind.to === 'User')
  if (toUser.length > 0) {
    const { rows } = await api.list('User', { take: 1 })
    for (const field of toUser) map[field.name] = rows[0]?.key ?? null
  }
  return map
}
