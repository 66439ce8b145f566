// Which records a list shows: conditions over fields, all of which must hold.

import { useState } from 'preact/hooks'
import type { Field, Json, Kind, Model } from './api.ts'
import { Picker } from './picker.tsx'

export interface Filter {
  field: string
  how: string
  value: string
  /** What the record that is picked is called. */
  label?: string
}

type Build = (value: string) => Json

/** What can be asked of each kind of field, and how `findMany` has it. */
const TEXT: Record<string, Build> = {
  contains: (value) => ({ contains: value, mode: 'insensitive' }),
  is: (value) => ({ equals: value, mode: 'insensitive' }),
  'starts with': (value) => ({ startsWith: value, mode: 'insensitive' }),
  'is not': (value) => ({ not: value }),
}
const NUMBER: Record<string, Build> = {
  is: (value) => Number(value),
  'at least': (value) => ({ gte: Number(value) }),
  'at most': (value) => ({ lte: Number(value) }),
}
const TIME: Record<string, Build> = {
  after: (value) => ({ gt: new Date(value).toISOString() }),
  before: (value) => ({ lt: new Date(value).toISOString() }),
}
const FLAG: Record<string, Build> = { is: (value) => value !== 'no' }
const WORD: Record<string, Build> = { is: (value) => value, 'is not': (value) => ({ not: value }) }
const LINK: Record<string, Build> = { is: (value) => value, 'is not': (value) => ({ not: value }) }
const LIST: Record<string, Build> = { has: (value) => ({ has: value }), 'has not': (value) => ({ has: value }) }
const EMPTY: Record<string, Build> = { 'is empty': () => null, 'is not empty': () => ({ not: null }) }

function waysOf(field: Field): Record<string, Build> {
  const own: Partial<Record<Kind['is'], Record<string, Build>>> = {
    text: TEXT,
    id: { is: TEXT.is! },
    integer: NUMBER,
    number: NUMBER,
    flag: FLAG,
    time: TIME,
    enum: WORD,
    link: LINK,
    list: field.kind.is === 'list' && ['link', 'text'].includes(field.kind.of.is) ? LIST : {},
  }
  return { ...(own[field.kind.is] ?? {}), ...(field.optional ? EMPTY : {}) }
}

export const isAskable = (field: Field) => !field.private && !field.sealed && Object.keys(waysOf(field)).length > 0

/** The condition that the filters are; nothing where they ask nothing. */
export function conditionOf(model: Model, filters: Filter[]): Json | undefined {
  const parts = filters.flatMap(({ field: name, how, value }): Json[] => {
    const field = model.fields.find((field) => field.name === name)
    const build = field && waysOf(field)[how]
    const needsValue = !(how in EMPTY) && field?.kind.is !== 'flag'
    if (!build || (needsValue && value.trim() === '')) return []
    if (field.kind.is === 'time' && needsValue && Number.isNaN(Date.parse(value))) return []
    if (how === 'has not') return [{ NOT: { [name]: { has: value } } }]
    return [{ [name]: build(value) }]
  })
  return parts.length === 0 ? undefined : parts.length === 1 ? parts[0] : { AND: parts }
}

export function Filters({
  model,
  filters,
  change,
}: {
  model: Model
  filters: Filter[]
  change: (filters: Filter[]) => void
}) {
  const fields = model.fields.filter(isAskable)
  const put = (at: number, filter: Filter) => change(filters.map((other, number) => (number === at ? filter : other)))
  const add = () => {
    const field = fields.find(({ name }) => name === model.nameField) ?? fields[0]
    if (field) change([...filters, { field: field.name, how: Object.keys(waysOf(field))[0]!, value: '' }])
  }
  return (
    <details class="menu filters">
      <summary class="button">Filter{filters.length > 0 ? ` (${filters.length})` : ''}</summary>
      <div class="panel">
        {filters.map((filter, at) => (
          <FilterLine
            key={at}
            fields={fields}
            filter={filter}
            put={(next) => put(at, next)}
            remove={() => change(filters.filter((_, number) => number !== at))}
          />
        ))}
        <button type="button" onClick={add}>
          Add a condition
        </button>
      </div>
    </details>
  )
}

interface LineProps {
  fields: Field[]
  filter: Filter
  put: (filter: Filter) => void
  remove: () => void
}

function FilterLine({ fields, filter, put, remove }: LineProps) {
  const field = fields.find(({ name }) => name === filter.field) ?? fields[0]!
  const ways = Object.keys(waysOf(field))
  const choose = (name: string) => {
    const next = fields.find((field) => field.name === name)!
    put({ field: name, how: Object.keys(waysOf(next))[0]!, value: '' })
  }
  return (
    <div class="filter">
      <select aria-label="Field" value={filter.field} onChange={(event) => choose(event.currentTarget.value)}>
        {fields.map(({ name }) => (
          <option key={name}>{name}</option>
        ))}
      </select>
      <select
        aria-label="How"
        value={filter.how}
        onChange={(event) => put({ ...filter, how: event.currentTarget.value })}
      >
        {ways.map((way) => (
          <option key={way}>{way}</option>
        ))}
      </select>
      {!(filter.how in EMPTY) && <FilterValue kind={field.kind} filter={filter} put={put} />}
      <button type="button" class="quiet" aria-label="Remove this condition" onClick={remove}>
        ✕
      </button>
    </div>
  )
}

function FilterValue({ kind, filter, put }: { kind: Kind; filter: Filter; put: (filter: Filter) => void }) {
  const [picking, setPicking] = useState(false)
  const set = (value: string, label?: string) => put({ ...filter, value, label })
  const linked = kind.is === 'link' ? kind.to : kind.is === 'list' && kind.of.is === 'link' ? kind.of.to : null
  if (linked) {
    return (
      <>
        <button type="button" onClick={() => setPicking(true)}>
          {filter.label ?? (filter.value || 'Choose…')}
        </button>
        {picking && (
          <Picker
            model={linked}
            close={() => setPicking(false)}
            pick={(id, label) => {
              setPicking(false)
              set(id, label)
            }}
          />
        )}
      </>
    )
  }
  const words = kind.is === 'enum' ? kind.words : kind.is === 'flag' ? ['yes', 'no'] : null
  if (words) {
    return (
      <select aria-label="Value" value={filter.value} onChange={(event) => set(event.currentTarget.value)}>
        {kind.is === 'enum' && <option value="">…</option>}
        {words.map((word) => (
          <option key={word}>{word}</option>
        ))}
      </select>
    )
  }
  const common = {
    'aria-label': 'Value',
    value: filter.value,
    onInput: (event: { currentTarget: HTMLInputElement }) => set(event.currentTarget.value),
  }
  if (kind.is === 'time') return <input type="datetime-local" {...common} />
  return kind.is === 'integer' || kind.is === 'number' ? (
    <input type="number" {...common} />
  ) : (
    <input type="text" {...common} />
  )
}
