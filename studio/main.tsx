// The studio's page.

import { render } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { List } from './list.tsx'
import { Faults, Search, StatePage } from './pages.tsx'
import { Record } from './record.tsx'
import { NewRecord } from './new.tsx'
import {
  address,
  connected,
  dismiss,
  failed,
  go,
  hello,
  mayWrite,
  modelNamed,
  models,
  notices,
  place,
  start,
  takeBack,
  theme,
} from './state.ts'
import { Empty, counted } from './value.tsx'

function App() {
  const [open, setOpen] = useState(false)
  const main = useRef<HTMLElement>(null)
  const path = place.value.parts.join('/')
  useEffect(() => setOpen(false), [path])
  useEffect(() => {
    const [first, second] = place.value.parts
    document.title = `${[second && first !== '-' ? second : null, first === '-' ? second : first].filter(Boolean).join(' · ') || 'Studio'} · Studio`
  }, [path])
  useKeys()

  if (failed.value) return <Empty>{failed.value}</Empty>
  if (!hello.value) return <Empty>Loading…</Empty>
  return (
    <div class="app">
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), main.current?.focus())}>
        To the content
      </a>
      <header class="top">
        <button
          type="button"
          class="quiet burger"
          aria-expanded={open}
          aria-controls="side"
          onClick={() => setOpen(!open)}
        >
          <span aria-hidden="true">☰</span> Models
        </button>
        <a class="brand" href={address([])}>
          Studio
        </a>
        <span class="folder" title={hello.value.dataDir}>
          {hello.value.dataDir}
        </span>
        {!mayWrite.value && <span class="badge">read-only</span>}
        {!connected.value && <span class="badge bad">not connected</span>}
        <a class="button" href={address(['-', 'search'])} title="Press /">
          Search
        </a>
        <ThemeChoice />
      </header>
      <nav id="side" class={open ? 'open' : undefined} aria-label="Models">
        <Models />
      </nav>
      <main ref={main} id="main" tabIndex={-1}>
        <Content />
      </main>
      <div class="notices" role="status" aria-live="polite">
        {notices.value.map((notice) => (
          <div key={notice.number} class={notice.bad ? 'notice bad' : 'notice'}>
            <p>{notice.text}</p>
            {notice.undo && (
              <button type="button" onClick={() => void takeBack(notice.undo!)}>
                Undo
              </button>
            )}
            <button type="button" class="quiet" aria-label="Dismiss" onClick={() => dismiss(notice.number)}>
              ✕
            </button>
          </div>
        ))}
      </div>
    </div>
  )
}

function ThemeChoice() {
  return (
    <select
      class="quiet"
      aria-label="Colours"
      value={theme.value}
      onChange={(event) => (theme.value = event.currentTarget.value as typeof theme.value)}
    >
      <option value="system">System</option>
      <option value="light">Light</option>
      <option value="dark">Dark</option>
    </select>
  )
}

function Models() {
  const [current] = place.value.parts
  const second = current === '-' ? place.value.parts[1] : null
  const faults = models.value.reduce((sum, model) => sum + model.unreadable, 0)
  return (
    <>
      <ul>
        {models.value
          .filter((model) => !model.owner)
          .map((model) => (
            <li key={model.name}>
              <a
                href={model.single ? address([model.name, 'settings']) : address([model.name])}
                aria-current={current === model.name ? 'page' : undefined}
              >
                <span>{model.name}</span>
                {model.unreadable > 0 && <span class="badge bad">{model.unreadable}</span>}
                <span class="count">{counted(model.count ?? 0)}</span>
              </a>
            </li>
          ))}
      </ul>
      <ul>
        <li>
          <a href={address(['-', 'faults'])} aria-current={second === 'faults' ? 'page' : undefined}>
            <span>Faults</span>
            {faults > 0 && <span class="badge bad">{faults}</span>}
          </a>
        </li>
        <li>
          <a href={address(['-', 'state'])} aria-current={second === 'state' ? 'page' : undefined}>
            <span>State</span>
          </a>
        </li>
      </ul>
    </>
  )
}

function Content() {
  const [first, second] = place.value.parts
  if (first === undefined) return <StatePage />
  if (first === '-') {
    if (second === 'faults') return <Faults />
    if (second === 'search') return <Search />
    return <StatePage />
  }
  const model = modelNamed(first)
  if (!model) return <Empty>There is no model {first}.</Empty>
  if (second === undefined && model.owner) {
    return (
      <Empty>
        {model.name} records stand in logs, one for each <a href={address([model.owner.model])}>{model.owner.model}</a>.
      </Empty>
    )
  }
  if (second === undefined) return <List key={model.name} model={model} />
  if (second === 'new') return <NewRecord key={model.name} model={model} />
  return <Record key={`${model.name}/${second}`} model={model} id={second} />
}

/** `/` searches, `g` and a letter go somewhere; not while somebody types. */
function useKeys() {
  useEffect(() => {
    let before = ''
    const onKey = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement
      const types = /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || document.querySelector('dialog[open]')
      if (types || event.ctrlKey || event.metaKey || event.altKey) return
      const places: { [keys: string]: string[] } = { gf: ['-', 'faults'], gs: ['-', 'state'] }
      const keys = before + event.key
      before = event.key === 'g' ? 'g' : ''
      if (event.key === '/') {
        event.preventDefault()
        const field = document.querySelector<HTMLInputElement>('main input.search')
        if (field) field.focus()
        else go(['-', 'search'])
      } else if (places[keys]) go(places[keys]!)
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [])
}

render(<App />, document.getElementById('studio')!)
void start()
