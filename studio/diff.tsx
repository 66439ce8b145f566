// What a change does, before it is made.

import type { Change, Fields, Told } from './api.ts'
import { counted, counts, shown } from './value.tsx'

interface Part {
  name: string
  before?: string
  after?: string
}

const parsed = (text: string | null): Fields => (text === null ? {} : JSON.parse(text))

/** The fields that are other before and after. */
export function differences(before: Fields, after: Fields): Part[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  return names
    .filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]))
    .map((name) => ({
      name,
      before: name in before ? shown(before[name]) : undefined,
      after: name in after ? shown(after[name]) : undefined,
    }))
}

export function Differences({ before, after }: { before: Fields; after: Fields }) {
  const parts = differences(before, after)
  if (parts.length === 0) return <p class="faint">Nothing is different.</p>
  return (
    <dl class="diff">
      {parts.map(({ name, before, after }) => (
        <div key={name}>
          <dt>{name}</dt>
          {before !== undefined && (
            <dd class="before">
              <span class="sign" aria-label="before">
                −
              </span>
              <del>{before === '' ? '""' : before}</del>
            </dd>
          )}
          {after !== undefined && (
            <dd class="after">
              <span class="sign" aria-label="after">
                +
              </span>
              <ins>{after === '' ? '""' : after}</ins>
            </dd>
          )}
        </div>
      ))}
    </dl>
  )
}

const WORDS = { created: 'Created', changed: 'Changed', deleted: 'Deleted' } as const

/** Everything that a change touches: numbers first, then each record. */
export function Consequences({ told, main }: { told: Told; main?: string }) {
  const rows = told.logs.reduce((sum, log) => sum + log.rows, 0)
  const total = Object.values(told.counts)
    .flatMap((count) => Object.values(count))
    .reduce((sum, count) => sum + count, 0)
  const one = told.changes.find((change) => change.key === main && change.before !== null && change.after !== null)
  const others = told.changes.filter((change) => change !== one)
  return (
    <div class="consequences">
      {one && <Differences before={parsed(one.before)} after={parsed(one.after)} />}
      {(others.length > 0 || !one) && (
        <ul class="summary">
          {Object.entries(told.counts).map(([model, count]) =>
            Object.entries(count).map(([word, number]) => (
              <li key={model + word}>
                <strong>{WORDS[word as keyof typeof WORDS]}</strong>: {counts(number, model)}
              </li>
            )),
          )}
          {rows > 0 && (
            <li>
              <strong>Deleted</strong>: {counts(rows, 'message')} and events in {counts(told.logs.length, 'log')}
            </li>
          )}
        </ul>
      )}
      {others.map((change) => (
        <Other key={change.model + change.key} change={change} />
      ))}
      {total > told.changes.length && <p class="faint">and {counted(total - told.changes.length)} more</p>}
    </div>
  )
}

function Other({ change }: { change: Change }) {
  const { before, after } = change
  const word = before === null ? 'created' : after === null ? 'deleted' : 'changed'
  return (
    <details class={`change ${word}`}>
      <summary>
        <span class="badge">{word}</span> {change.model} <strong>{change.label}</strong>
      </summary>
      {before !== null && after !== null ? (
        <Differences before={parsed(before)} after={parsed(after)} />
      ) : (
        <pre>{shown(before ?? after, 5000)}</pre>
      )}
    </details>
  )
}
