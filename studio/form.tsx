// A record as a form, field by field from the catalogue.

import { useId, useState } from 'preact/hooks'
import { api, type Field, type Fields, type Found, type Json, type Kind } from './api.ts'
import { Dialog } from './dialog.tsx'
import { Picker } from './picker.tsx'
import { LinkTo, counted, shown, timed } from './value.tsx'

/** A longer text is shown in part, for a text area with megabytes in it is slow to type in. */
export const LONG = 50_000

/** What the form knows besides the values: names of other records, faults by path, what is sealed. */
export interface About {
  found: Found | null
  faults: Map<string, string>
  readOnly: boolean
}

interface Props {
  field: Field
  path: string
  value: Json | undefined
  set: (value: Json | undefined) => void
  about: About
}

interface FormProps {
  fields: Field[]
  map: Fields
  set: (map: Fields) => void
  about: About
  /** Keys that are shown in another way. */
  apart?: string[]
}

export function Form({ fields, map, set, about, apart = [] }: FormProps) {
  const others = Object.keys(map).filter(
    (name) => !apart.includes(name) && !fields.some((field) => field.name === name),
  )
  const put = (name: string) => (value: Json | undefined) => {
    const { [name]: before, ...rest } = map
    // A key keeps its place.
    if (value !== undefined) return set(name in map ? { ...map, [name]: value } : { ...map, [name]: value })
    set(rest)
  }
  return (
    <div class="form">
      {fields.map((field) => (
        <FieldRow
          key={field.name}
          field={field}
          path={field.name}
          value={map[field.name]}
          set={put(field.name)}
          about={about}
        />
      ))}
      {others.length > 0 && <h3>Fields that nobody has declared</h3>}
      {others.map((name) => (
        <FieldRow key={name} field={undeclared(name)} path={name} value={map[name]} set={put(name)} about={about} />
      ))}
    </div>
  )
}

const undeclared = (name: string): Field => ({
  name,
  kind: { is: 'json' },
  optional: true,
  default: null,
  given: false,
  derived: false,
  private: false,
  sealed: false,
  doc: '',
})

function FieldRow(props: Props) {
  const { field, path, value, set, about } = props
  const id = useId()
  const fault = about.faults.get(path)
  const canClear =
    field.optional && !about.readOnly && value !== undefined && value !== null && !field.sealed && !field.derived
  return (
    <div class={fault ? 'field faulty' : 'field'}>
      <div class="label">
        <label for={id} id={`${id}-label`}>
          {field.name}
        </label>
        {field.doc && <small id={`${id}-doc`}>{field.doc}</small>}
        {canClear && (
          <button type="button" class="quiet small" onClick={() => set(null)} aria-label={`Empty ${field.name}`}>
            empty it
          </button>
        )}
      </div>
      <div class="value">
        <Value {...props} id={id} />
        {fault && (
          <p class="fault" id={`${id}-fault`} role="alert">
            {fault}
          </p>
        )}
      </div>
    </div>
  )
}

type Inner = Props & { id: string }

function Value(props: Inner) {
  const { field, value, about, path } = props
  if (field.sealed && about.found?.sealed.includes(path)) return <Sealed {...props} />
  if (field.sealed && value !== undefined && value !== null && field.kind.is === 'object') return <Sealed {...props} />
  if (field.private) return <Hidden {...props} />
  return <Editor {...props} kind={field.kind} />
}

/** What is private is shown when somebody asks for it: others may look at the screen. */
function Hidden(props: Inner) {
  const [open, setOpen] = useState(false)
  if (open || props.value === undefined || props.value === null) return <Editor {...props} kind={props.field.kind} />
  return (
    <span class="sealed">
      <span class="badge">hidden</span>
      <button type="button" id={props.id} onClick={() => setOpen(true)}>
        Show {props.field.name}
      </button>
    </span>
  )
}

function Sealed(props: Inner) {
  const { field, path, id, about } = props
  const [asking, setAsking] = useState(false)
  const [replacing, setReplacing] = useState(false)
  if (replacing) return <Editor {...props} kind={field.kind} />
  return (
    <span class="sealed">
      <span class="badge">sealed</span>
      <button type="button" id={id} onClick={() => setAsking(true)}>
        Look at {field.name}
      </button>
      {!about.readOnly && field.kind.is === 'text' && (
        <button
          type="button"
          onClick={() => {
            setReplacing(true)
            props.set('')
          }}
        >
          Replace
        </button>
      )}
      {asking && about.found && <Reveal found={about.found} field={path} close={() => setAsking(false)} />}
    </span>
  )
}

/** Asks for the passphrase, and shows what it opens until the dialog is closed. */
export function Reveal({ found, field, close }: { found: Found; field: string; close: () => void }) {
  const [passphrase, setPassphrase] = useState('')
  const [clear, setClear] = useState<string | null>(null)
  const [failure, setFailure] = useState('')
  const [busy, setBusy] = useState(false)
  const open = async (event: Event) => {
    event.preventDefault()
    setBusy(true)
    setFailure('')
    try {
      setClear((await api.reveal(found.model, found.key, field, passphrase)) ?? '(nothing)')
    } catch (error) {
      setFailure((error as Error).message)
    }
    setPassphrase('')
    setBusy(false)
  }
  return (
    <Dialog title={`${found.model}: ${field}`} close={close}>
      {clear === null ? (
        <form onSubmit={open}>
          <label>
            The passphrase of the store
            <input
              type="password"
              autoComplete="off"
              autoFocus
              value={passphrase}
              onInput={(event) => setPassphrase(event.currentTarget.value)}
            />
          </label>
          {failure && (
            <p class="fault" role="alert">
              {failure}
            </p>
          )}
          <p class="faint">The keys are made for this one look, and forgotten.</p>
          <footer>
            <button class="primary" disabled={busy || passphrase === ''}>
              {busy ? 'Opening…' : 'Open'}
            </button>
          </footer>
        </form>
      ) : (
        <pre class="clear">{clear}</pre>
      )}
    </Dialog>
  )
}

function Editor(props: Inner & { kind: Kind }) {
  const { kind, value, about, field } = props
  const readOnly = about.readOnly || field.derived
  if (readOnly && kind.is !== 'object' && kind.is !== 'list') return <Plain {...props} />
  switch (kind.is) {
    case 'link':
      return typeof value === 'string' || value === undefined || value === null ? (
        <Link {...props} to={kind.to} />
      ) : (
        <JsonText {...props} />
      )
    case 'flag':
      return <Flag {...props} />
    case 'enum':
      return <Word {...props} words={kind.words} />
    case 'integer':
    case 'number':
      return <NumberText {...props} />
    case 'text':
    case 'id':
    case 'time':
      return typeof value === 'string' || value === undefined || value === null ? (
        <Text {...props} />
      ) : (
        <JsonText {...props} />
      )
    case 'list':
      return kind.of.is === 'link' && isIds(value) ? (
        <Links {...props} to={kind.of.to} ids={value ?? []} />
      ) : (
        <JsonText {...props} />
      )
    case 'object':
      return isObject(value) ? <Nested {...props} fields={kind.fields} map={value} /> : <JsonText {...props} />
    default:
      return <JsonText {...props} />
  }
}

const isIds = (value: Json | undefined): value is string[] | undefined | null =>
  value === undefined || value === null || (Array.isArray(value) && value.every((item) => typeof item === 'string'))
const isObject = (value: Json | undefined): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A value that nobody may change here. */
function Plain({ id, kind, value, about }: Inner & { kind: Kind }) {
  if (value === undefined || value === null) {
    return (
      <output id={id} class="faint">
        nothing
      </output>
    )
  }
  if (kind.is === 'link' && typeof value === 'string') {
    return (
      <output id={id}>
        <LinkTo model={kind.to} id={value} label={about.found?.names[kind.to]?.[value]} />
      </output>
    )
  }
  if (kind.is === 'time' && typeof value === 'string') {
    return (
      <output id={id}>
        {timed(value)} <small class="faint">{value}</small>
      </output>
    )
  }
  if (kind.is === 'flag') return <output id={id}>{value ? 'yes' : 'no'}</output>
  if (typeof value === 'string' && value.length > LONG) return <LongText id={id} text={value} />
  return (
    <output id={id} class="text">
      {shown(value, LONG)}
    </output>
  )
}

/** The beginning of a long text, and more of it on demand. */
export function LongText({ id, text, edit }: { id?: string; text: string; edit?: () => void }) {
  const [most, setMost] = useState(LONG / 10)
  return (
    <div class="long">
      <output id={id} class="text">
        {text.slice(0, most)}
      </output>
      <p class="faint">
        {counted(Math.min(most, text.length))} of {counted(text.length)} characters
        {most < text.length && (
          <button type="button" class="quiet" onClick={() => setMost(most * 10)}>
            Show more
          </button>
        )}
        {edit && (
          <button type="button" class="quiet" onClick={edit}>
            Edit all of it
          </button>
        )}
      </p>
    </div>
  )
}

const PLACEHOLDER = 'nothing'

function Text({ id, field, value, set, about, path, kind }: Inner & { kind: Kind }) {
  const [whole, setWhole] = useState(false)
  const text = (value as string | null | undefined) ?? ''
  if (text.length > LONG && !whole) return <LongText id={id} text={text} edit={() => setWhole(true)} />
  const common = {
    id,
    value: text,
    placeholder: value === null || value === undefined ? PLACEHOLDER : '',
    'aria-invalid': about.faults.has(path) || undefined,
    'aria-describedby': about.faults.has(path) ? `${id}-fault` : field.doc ? `${id}-doc` : undefined,
    spellcheck: false,
  }
  const isLine = kind.is !== 'text' || (!text.includes('\n') && text.length < 80)
  if (isLine && kind.is !== 'text')
    return <input type="text" {...common} onInput={(event) => set(event.currentTarget.value)} />
  const rows = Math.min(14, Math.max(1, text.split('\n').length, Math.ceil(text.length / 70)))
  return <textarea {...common} rows={rows} onInput={(event) => set(event.currentTarget.value)} />
}

function NumberText({ id, value, set, about, path }: Inner) {
  const change = (text: string) =>
    set(text === '' ? null : /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text) ? Number(text) : text)
  return (
    <input
      id={id}
      type="text"
      inputMode="decimal"
      value={value === undefined || value === null ? '' : String(value)}
      placeholder={PLACEHOLDER}
      aria-invalid={about.faults.has(path) || undefined}
      onInput={(event) => change(event.currentTarget.value)}
    />
  )
}

function Flag({ id, value, set }: Inner) {
  return (
    <input id={id} type="checkbox" checked={value === true} onChange={(event) => set(event.currentTarget.checked)} />
  )
}

function Word({ id, words, value, set, field }: Inner & { words: string[] }) {
  const isKnown = typeof value === 'string' && words.includes(value)
  return (
    <select id={id} value={isKnown ? value : ''} onChange={(event) => set(event.currentTarget.value || null)}>
      {(!isKnown || field.optional) && <option value="">{value ? `${value} (unknown)` : '…'}</option>}
      {words.map((word) => (
        <option key={word}>{word}</option>
      ))}
    </select>
  )
}

/** Asks for a record, and knows the names of those that were picked before the form is read again. */
function usePicked(to: string, about: Inner['about'], take: (key: string) => void) {
  const [picking, setPicking] = useState(false)
  const [picked, setPicked] = useState<Record<string, string>>({})
  const pick = (key: string, label: string) => {
    setPicked({ ...picked, [key]: label })
    setPicking(false)
    take(key)
  }
  return {
    labelOf: (key: string) => picked[key] ?? about.found?.names[to]?.[key],
    ask: () => setPicking(true),
    picker: picking && <Picker model={to} close={() => setPicking(false)} pick={pick} />,
  }
}

function Link({ id, to, value, set, about, field }: Inner & { to: string }) {
  const { labelOf, ask, picker } = usePicked(to, about, set)
  return (
    <span class="link">
      {typeof value === 'string' && value !== '' ? (
        <LinkTo model={to} id={value} label={labelOf(value)} />
      ) : (
        <span class="faint">{PLACEHOLDER}</span>
      )}
      <button type="button" id={id} aria-label={`Choose ${field.name}`} onClick={ask}>
        Choose…
      </button>
      {picker}
    </span>
  )
}

function Links({ id, to, ids, set, about, field }: Inner & { to: string; ids: string[] }) {
  const { labelOf, ask, picker } = usePicked(to, about, (key) => {
    if (!ids.includes(key)) set([...ids, key])
  })
  const readOnly = about.readOnly || field.derived
  return (
    <span class="links">
      {ids.map((key) => (
        <span class="chip" key={key}>
          <LinkTo model={to} id={key} label={labelOf(key)} />
          {!readOnly && (
            <button
              type="button"
              class="quiet"
              aria-label={`Remove ${labelOf(key) ?? key}`}
              onClick={() => set(ids.filter((other) => other !== key))}
            >
              ✕
            </button>
          )}
        </span>
      ))}
      {ids.length === 0 && <span class="faint">none</span>}
      {!readOnly && (
        <button type="button" id={id} aria-label={`Add to ${field.name}`} onClick={ask}>
          Add…
        </button>
      )}
      {picker}
    </span>
  )
}

function Nested({ id, fields, map, set, about, path }: Inner & { fields: Field[]; map: Fields }) {
  const inside = new Map(
    [...about.faults]
      .filter(([at]) => at.startsWith(`${path}.`))
      .map(([at, fault]) => [at.slice(path.length + 1), fault]),
  )
  return (
    <div class="nested" id={id} role="group" aria-labelledby={`${id}-label`}>
      <Form fields={fields} map={map} set={set} about={{ ...about, faults: inside }} />
    </div>
  )
}

/** Any other value, as the JSON that it is. */
function JsonText({ id, value, set, about, field, path }: Inner) {
  const readOnly = about.readOnly || field.derived
  const [text, setText] = useState<string | null>(null)
  const [fault, setFault] = useState('')
  const now = value === undefined ? '' : JSON.stringify(value, null, 2)
  if (readOnly || now.length > LONG) {
    return (
      <output id={id} class="text json">
        {now === '' ? 'nothing' : shown(now, LONG)}
      </output>
    )
  }
  const change = (text: string) => {
    setText(text)
    if (text.trim() === '') {
      setFault('')
      return set(undefined)
    }
    try {
      set(JSON.parse(text))
      setFault('')
    } catch (error) {
      setFault((error as Error).message)
    }
  }
  const lines = (text ?? now).split('\n').length
  return (
    <>
      <textarea
        id={id}
        class="json"
        spellcheck={false}
        rows={Math.min(14, Math.max(1, lines))}
        value={text ?? now}
        placeholder={PLACEHOLDER}
        aria-invalid={fault !== '' || about.faults.has(path) || undefined}
        onInput={(event) => change(event.currentTarget.value)}
        onBlur={() => fault === '' && setText(null)}
      />
      {fault && <p class="fault">{fault}</p>}
    </>
  )
}
