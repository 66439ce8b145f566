// Values as people read them.

import type { ComponentChildren } from 'preact'
import type { Cell, Json } from './api.ts'
import { address } from './state.ts'

const numbers = new Intl.NumberFormat('en')
/** Swedes write times as ISO does. */
const times = new Intl.DateTimeFormat('sv', { dateStyle: 'short', timeStyle: 'short' })

export const counted = (count: number) => numbers.format(count)

export function counts(count: number, thing: string): string {
  const many = thing.endsWith('y') ? `${thing.slice(0, -1)}ies` : `${thing}s`
  return `${counted(count)} ${count === 1 ? thing : many}`
}

export function sized(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB']
  let unit = 0
  while (bytes >= 1000 && unit < units.length - 1) {
    bytes /= 1000
    unit++
  }
  return `${unit === 0 || bytes >= 100 ? Math.round(bytes) : bytes.toFixed(1)} ${units[unit]}`
}

const isTime = (text: string) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text)

export function timed(text: string): string {
  const time = new Date(text)
  return Number.isNaN(time.getTime()) ? text : times.format(time)
}

/** A value in a list. */
export function CellView({ value }: { value: Cell }) {
  if (value === null || value === undefined) return <span class="faint">–</span>
  if (typeof value === 'string') return isTime(value) ? <time dateTime={value}>{timed(value)}</time> : <>{value}</>
  if (typeof value === 'boolean') return <>{value ? 'yes' : 'no'}</>
  if (typeof value === 'number') return <span class="number">{value}</span>
  switch (value.is) {
    case 'sealed':
    case 'hidden':
      return <span class="badge">{value.is}</span>
    case 'link':
      return <LinkTo model={value.to} id={value.key} label={value.label} />
    default:
      return value.count === 0 ? <span class="faint">none</span> : <>{counted(value.count)}</>
  }
}

/** The record that an id names; one that is not there is said to be none. */
export function LinkTo({ model, id, label }: { model: string; id: string; label: string | null | undefined }) {
  if (label === null) {
    return (
      <span class="missing" title={`no ${model} has the id ${id}`}>
        {id} (gone)
      </span>
    )
  }
  return <a href={address([model, id])}>{label ?? id}</a>
}

/** A text as JSON, with the beginning of one that is too long to look at. */
export function shown(value: Json | undefined, most = 2000): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value, null, 2)
  if (text === undefined) return ''
  return text.length > most ? `${text.slice(0, most)}… (${counted(text.length)} characters)` : text
}

export function Empty({ children }: { children: ComponentChildren }) {
  return <p class="empty">{children}</p>
}
