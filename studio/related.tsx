// Who refers to a record.

import { useState } from 'preact/hooks'
import { api, type Found, type Row } from './api.ts'
import { address, complain } from './state.ts'
import { Empty, counts } from './value.tsx'

/** Who refers to it; the records themselves only when somebody asks for them. */
export function Related({ found }: { found: Found }) {
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
