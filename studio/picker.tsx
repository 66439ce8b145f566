// Picks a record of another model by its name.

import { useEffect, useId, useRef, useState } from 'preact/hooks'
import { api, type Row } from './api.ts'
import { Dialog } from './dialog.tsx'
import { complain } from './state.ts'
import { Empty } from './value.tsx'

/** So many are offered; whoever looks for another types more of its name. */
const OFFERED = 30
/** Typing goes on for so long, in milliseconds, before anything is looked for. */
const PAUSE = 150

export function Picker({
  model,
  pick,
  close,
}: {
  model: string
  pick: (id: string, label: string) => void
  close: () => void
}) {
  const [search, setSearch] = useState('')
  const [rows, setRows] = useState<Row[] | null>(null)
  const [at, setAt] = useState(0)
  const list = useId()
  const input = useRef<HTMLInputElement>(null)

  useEffect(() => {
    let late = false
    const timer = setTimeout(() => {
      api.list(model, { search, take: OFFERED }).then((found) => {
        if (late) return
        setRows(found.rows)
        setAt(0)
      }, complain)
    }, PAUSE)
    return () => {
      late = true
      clearTimeout(timer)
    }
  }, [model, search])
  useEffect(() => input.current?.focus(), [])

  const onKey = (event: KeyboardEvent) => {
    const last = (rows?.length ?? 0) - 1
    if (event.key === 'ArrowDown') setAt(Math.min(at + 1, last))
    else if (event.key === 'ArrowUp') setAt(Math.max(at - 1, 0))
    else if (event.key === 'Enter' && rows?.[at]) pick(rows[at].key, rows[at].label)
    else return
    event.preventDefault()
  }
  useEffect(() => document.getElementById(`${list}-${at}`)?.scrollIntoView({ block: 'nearest' }), [at])

  return (
    <Dialog title={`Choose a ${model}`} close={close}>
      <input
        ref={input}
        type="text"
        role="combobox"
        aria-expanded="true"
        aria-controls={list}
        aria-activedescendant={rows?.[at] ? `${list}-${at}` : undefined}
        aria-label={`Search in ${model}`}
        placeholder="Search by any text"
        value={search}
        onInput={(event) => setSearch(event.currentTarget.value)}
        onKeyDown={onKey}
      />
      <div id={list} role="listbox" aria-label={model} class="options" tabIndex={-1}>
        {rows?.map((row, number) => (
          <div
            key={row.key}
            id={`${list}-${number}`}
            role="option"
            aria-selected={number === at}
            onClick={() => pick(row.key, row.label)}
          >
            <span>{row.label}</span> {row.label !== row.key && <small class="faint">{row.key}</small>}
          </div>
        ))}
      </div>
      {rows?.length === 0 && <Empty>Nothing is called so.</Empty>}
      {rows?.length === OFFERED && <p class="faint">The first {OFFERED}; type to find others.</p>}
    </Dialog>
  )
}
