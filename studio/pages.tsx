// What is about the whole store: its faults, its state, and a search over everything.

import { useEffect, useRef, useState } from 'preact/hooks'
import { api, type Report, type Row, type State } from './api.ts'
import { EDITORS, EditorLink, chooseEditor, editor } from './editor.tsx'
import { adjust, address, changed, complain, hello, made, models, place, takeBack } from './state.ts'
import { Empty, counted, counts, sized, timed } from './value.tsx'

const KINDS: Record<string, string> = {
  unreadable: 'Cannot be read',
  invalid: 'Is not as its model says',
  unique: 'Occurs twice',
  relation: 'Refers to nothing',
  count: 'Counts that are wrong',
  payload: 'Bytes that are missing or other',
  orphan: 'Belongs to nobody',
  stranger: 'Is not of the store',
}

/** While the page is open everything is read again as files change; never so often that it is all that happens. */
const PAUSE = 2000
const SHARE = 10

export function Faults() {
  const [report, setReport] = useState<Report | null>(null)
  const [failure, setFailure] = useState('')
  const again = useRef(() => {})
  useEffect(() => {
    let timer: number | undefined
    let ended = false
    const look = async () => {
      clearTimeout(timer)
      const start = performance.now()
      try {
        setReport(await api.check())
        setFailure('')
      } catch (error) {
        setFailure((error as Error).message)
      }
      const pause = Math.max(PAUSE, (performance.now() - start) * SHARE)
      if (!ended) timer = window.setTimeout(() => (document.hidden ? wait() : look()), pause)
    }
    const wait = () => void (timer = window.setTimeout(() => (document.hidden ? wait() : look()), PAUSE))
    again.current = () => void look()
    void look()
    return () => {
      ended = true
      clearTimeout(timer)
    }
  }, [])

  const kinds = [...new Set(report?.faults.map(({ kind }) => kind))]
  return (
    <section class="page" aria-label="Faults">
      <header class="bar">
        <h1>Faults</h1>
        <label class="inline">
          Editor{' '}
          <select value={editor.value} onChange={(event) => chooseEditor(event.currentTarget.value)}>
            {Object.keys(EDITORS).map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <button type="button" onClick={() => again.current()}>
          Check again
        </button>
      </header>
      {failure && <p class="banner bad">{failure}</p>}
      <p class="status" role="status">
        {report
          ? `${counts(report.faults.length, 'fault')} in ${counts(report.files, 'file')}, ${counts(report.records, 'record')} and ${counts(report.rows, 'row')}; looked at again as files change`
          : 'Reading everything…'}
      </p>
      {report?.faults.length === 0 && <Empty>Everything can be read, and fits together.</Empty>}
      {kinds.map((kind) => (
        <section key={kind}>
          <h2>{KINDS[kind] ?? kind}</h2>
          <ul class="faults">
            {report!.faults
              .filter((fault) => fault.kind === kind)
              .map((fault) => (
                <li key={fault.path + fault.message}>
                  {fault.path && <EditorLink path={fault.path} />}
                  <p>
                    {fault.message.startsWith(`${fault.path}: `)
                      ? fault.message.slice(fault.path.length + 2)
                      : fault.message}
                  </p>
                  {fault.model && fault.id && (
                    <a href={address([fault.model, fault.id])}>
                      {fault.model} {fault.id}
                    </a>
                  )}
                </li>
              ))}
          </ul>
        </section>
      ))}
    </section>
  )
}

export function StatePage() {
  const [state, setState] = useState<State | null>(null)
  useEffect(() => {
    const timer = setTimeout(() => api.state().then(setState, complain), state ? 1000 : 0)
    return () => clearTimeout(timer)
  }, [changed.value])
  if (!state) return <Empty>Loading…</Empty>
  const bytes = Object.values(state.folders).reduce((sum, folder) => sum + folder.bytes, 0)
  const files = Object.values(state.folders).reduce((sum, folder) => sum + folder.files, 0)
  const { stats, users, lastBackup } = state
  return (
    <section class="page" aria-label="State">
      <header class="bar">
        <h1>State</h1>
      </header>
      <dl class="facts">
        <dt>Folder</dt>
        <dd>
          <code>{state.dataDir}</code>
        </dd>
        <dt>Size</dt>
        <dd>
          {sized(bytes)} in {counts(files, 'file')}
          {state.free !== null && <span class="faint"> ({sized(state.free)} free)</span>}
        </dd>
        <dt>Journal</dt>
        <dd>
          {sized(stats.journalBytes)} <span class="faint">{stats.durability}</span>
        </dd>
        <dt>Files</dt>
        <dd>{stats.lastFileError ?? (stats.filesShowEverything ? 'show everything' : 'follow in a moment')}</dd>
        <dt>Open in</dt>
        <dd>
          <ul>
            <li>
              this studio <span class="faint">(process {state.process})</span>
            </li>
            {users?.map(({ process, command, stopped }) => (
              <li key={process}>
                <code>{command}</code>{' '}
                <span class="faint">
                  (process {process}
                  {stopped ? ', stopped' : ''})
                </span>
              </li>
            ))}
          </ul>
          {users === null && <span class="faint">This system does not tell which others.</span>}
        </dd>
        <dt>Last backup</dt>
        <dd>
          {lastBackup ? (
            <>
              {timed(lastBackup.at)} <code>{lastBackup.file}</code> <span class="faint">{sized(lastBackup.bytes)}</span>
            </>
          ) : (
            <>
              none that is known: <code>npx quilltap-store backup FILE</code>
            </>
          )}
        </dd>
        <dt>Faults</dt>
        <dd>
          <a href={address(['-', 'faults'])}>
            {stats.faults.length === 0 ? 'none seen so far: check everything' : counts(stats.faults.length, 'fault')}
          </a>
        </dd>
        <dt>Version</dt>
        <dd>{hello.value?.version}</dd>
      </dl>
      <h2>What is where</h2>
      <div class="model" tabIndex={0} role="region" aria-label="Sizes">
        <table>
          <thead>
            <tr>
              <th scope="col">name</th>
              <th scope="col">files</th>
              <th scope="col">size</th>
            </tr>
          </thead>
          <tbody>
            {Object.entries(state.folders).map(([name, { bytes, files }]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td class="number">{counted(files)}</td>
                <td class="number">{sized(bytes)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {made.value.length > 0 && <h2>Changed here</h2>}
      <ul class="made">
        {made.value.map((one) => (
          <li key={one.at.toISOString()}>
            {one.what} <time class="faint">{timed(one.at.toISOString())}</time>{' '}
            {one.undo && (
              <button type="button" onClick={() => void takeBack(one.undo!)}>
                Undo
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  )
}

interface Hits {
  model: string
  rows: Row[]
  more: boolean
}
interface LogHits {
  model: string
  owner: string
  rows: { key: string; owner: string; ownerLabel: string; label: string; at: string }[]
  next: number | null
  of: number
}

const EACH = 5

export function Search() {
  const text = place.value.query.get('q') ?? ''
  const [hits, setHits] = useState<Hits[]>([])
  const [logs, setLogs] = useState<LogHits[]>([])
  const [busy, setBusy] = useState(false)

  useEffect(() => {
    let late = false
    setHits([])
    setLogs([])
    if (text.trim() === '') return
    const look = async () => {
      setBusy(true)
      for (const model of models.value.filter((model) => !model.owner)) {
        if (model.count === 0) continue
        const { rows, next } = await api.list(model.name, { search: text, take: EACH })
        if (late) return
        if (rows.length > 0) setHits((before) => [...before, { model: model.name, rows, more: next !== null }])
      }
      for (const model of models.value.filter((model) => model.owner)) {
        const found = await api.search(model.name, text, 0)
        if (late) return
        setLogs((before) => [...before, { model: model.name, owner: model.owner!.model, ...found }])
      }
    }
    const timer = setTimeout(
      () =>
        look()
          .catch(complain)
          .finally(() => !late && setBusy(false)),
      250,
    )
    return () => {
      late = true
      clearTimeout(timer)
    }
  }, [text])
  const goOn = async (log: LogHits) => {
    try {
      const found = await api.search(log.model, text, log.next ?? 0)
      setLogs(logs.map((other) => (other === log ? { ...log, ...found, rows: [...log.rows, ...found.rows] } : other)))
    } catch (error) {
      complain(error)
    }
  }

  const nothing = !busy && text.trim() !== '' && hits.length === 0 && logs.every(({ rows }) => rows.length === 0)
  return (
    <section class="page" aria-label="Search">
      <header class="bar">
        <h1>Search</h1>
        <input
          type="search"
          class="search"
          autoFocus
          aria-label="Search everything"
          placeholder="Search everything"
          value={text}
          onInput={(event) => adjust({ q: event.currentTarget.value })}
        />
      </header>
      <p class="status" role="status">
        {busy ? 'Looking…' : nothing ? 'Nothing was found.' : ''}
      </p>
      {hits.map(({ model, rows, more }) => (
        <section key={model}>
          <h2>{model}</h2>
          <ul class="hits">
            {rows.map((row) => (
              <li key={row.key}>
                <a href={address([model, row.key])}>{row.label}</a>
              </li>
            ))}
          </ul>
          {more && <a href={address([model], { q: text })}>All that are found in {model}</a>}
        </section>
      ))}
      {logs.map((log) => (
        <section key={log.model}>
          {(log.rows.length > 0 || log.next !== null) && <h2>{log.model}</h2>}
          <ul class="hits">
            {log.rows.map((row) => (
              <li key={row.owner + row.key}>
                <a href={address([log.owner, row.owner], { at: row.key })}>{row.label || row.key}</a>{' '}
                <span class="faint">in {row.ownerLabel}</span>
              </li>
            ))}
          </ul>
          {log.next !== null && (
            <p>
              <button type="button" onClick={() => void goOn(log)}>
                Look further
              </button>{' '}
              <span class="faint">
                {counted(log.next)} of {counted(log.of)} looked through
              </span>
            </p>
          )}
        </section>
      ))}
    </section>
  )
}
