// The records of a model: as many as there are, of which those are fetched that one sees.

import { useEffect, useId, useMemo, useRef, useState } from 'preact/hooks'
import { api, type Field, type Json, type ListOptions, type Model, type Row } from './api.ts'
import { Filters, conditionOf, type Filter } from './filters.tsx'
import { ModelTable } from './model.tsx'
import { CellView, Empty, counts } from './value.tsx'
import { adjust, address, changed, go, mayWrite, place, remember, remembered } from './state.ts'

const PAGE = 100
const HEIGHT = 38
/** Rows beyond those that are seen, so that slow scrolling meets no gap. */
const MARGIN = 10

/** Pages by their numbers, each with where the next one begins. */
type Pages = Map<number, { rows: Row[]; next: string | null }>

function filtersIn(query: URLSearchParams): Filter[] {
  try {
    const value: unknown = JSON.parse(query.get('where') ?? '[]')
    return Array.isArray(value) ? value : []
  } catch {
    return []
  }
}

export function List({ model }: { model: Model }) {
  const { query } = place.value
  const filters = filtersIn(query)
  const search = query.get('q') ?? ''
  const order = query.get('order') ?? ''
  const [columns, setColumns] = useState(() => remembered<string[]>(`columns.${model.name}`, model.columns))
  const chosen = columns.filter((name) => model.fields.some((field) => field.name === name))
  const where = conditionOf(model, filters)

  const asked: ListOptions = useMemo(() => {
    const [name, direction] = order.split(':')
    return {
      ...(where ? { where } : {}),
      ...(name ? { orderBy: { [name]: direction ?? 'asc' } as Json } : {}),
      ...(search ? { search } : {}),
      columns: chosen,
    }
  }, [JSON.stringify(where), order, search, chosen.join()])

  const choose = (name: string) => {
    const next = columns.includes(name) ? columns.filter((other) => other !== name) : [...columns, name]
    setColumns(next)
    remember(`columns.${model.name}`, next)
  }
  const keep = (more: { q?: string; where?: Filter[]; order?: string }) => {
    const next = { q: search, where: filters, order, ...more }
    adjust({ q: next.q, where: next.where.length ? JSON.stringify(next.where) : undefined, order: next.order })
  }

  return (
    <section class="list" aria-label={model.name}>
      <header class="bar">
        <h1>{model.name}</h1>
        <input
          type="search"
          class="search"
          aria-label={`Search in ${model.name}`}
          placeholder="Search"
          value={search}
          onInput={(event) => keep({ q: event.currentTarget.value })}
        />
        <Filters model={model} filters={filters} change={(where) => keep({ where })} />
        <Columns model={model} columns={chosen} choose={choose} />
        {mayWrite.value && !model.readOnly && !model.single && (
          <a class="button primary" href={address([model.name, 'new'])}>
            New
          </a>
        )}
      </header>
      <details class="about">
        <summary>
          {model.doc} <span class="faint">{model.place}</span>
        </summary>
        <ModelTable model={model} />
      </details>
      <Grid
        key={model.name}
        model={model}
        asked={asked}
        columns={chosen}
        order={order}
        sort={(order) => keep({ order })}
        whole={!where && !search ? model.count : null}
      />
    </section>
  )
}

function Columns({ model, columns, choose }: { model: Model; columns: string[]; choose: (name: string) => void }) {
  return (
    <details class="menu">
      <summary class="button">Columns</summary>
      <div class="panel">
        {model.fields.map(({ name }) => (
          <label key={name}>
            <input type="checkbox" checked={columns.includes(name)} onChange={() => choose(name)} /> {name}
          </label>
        ))}
      </div>
    </details>
  )
}

interface GridProps {
  model: Model
  asked: ListOptions
  columns: string[]
  order: string
  sort: (order: string) => void
  /** How many there are, where that is known. */
  whole: number | null
}

function Grid({ model, asked, columns, order, sort, whole }: GridProps) {
  const scroller = useRef<HTMLDivElement>(null)
  const [view, setView] = useState({ top: 0, height: 800 })
  const [active, setActive] = useState(-1)
  const { total, rowAt, failure } = useRows(model, asked, whole, view)
  const id = useId()

  useEffect(() => {
    const element = scroller.current
    if (!element) return
    const look = () => setView({ top: element.scrollTop, height: element.clientHeight })
    const observer = new ResizeObserver(look)
    observer.observe(element)
    element.addEventListener('scroll', look, { passive: true })
    look()
    return () => {
      observer.disconnect()
      element.removeEventListener('scroll', look)
    }
  }, [])
  useEffect(() => {
    scroller.current?.scrollTo(0, 0)
    setActive(-1)
  }, [asked])

  const reach = (number: number) => {
    const next = Math.max(0, Math.min(number, total - 1))
    setActive(next)
    const element = scroller.current
    if (!element) return
    const [from, to] = [next * HEIGHT, (next + 2) * HEIGHT]
    if (from < element.scrollTop) element.scrollTop = from
    else if (to > element.scrollTop + element.clientHeight) element.scrollTop = to - element.clientHeight
  }
  const onKey = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor(view.height / HEIGHT) - 2)
    const steps: Record<string, number> = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      PageDown: active + page,
      PageUp: active - page,
      Home: 0,
      End: total - 1,
    }
    const row = active >= 0 ? rowAt(active) : undefined
    if (event.key in steps) reach(steps[event.key]!)
    else if (event.key === 'Enter' && event.target === scroller.current && row) go([model.name, row.key])
    else return
    event.preventDefault()
  }

  const first = Math.max(0, Math.floor(view.top / HEIGHT) - MARGIN)
  const last = Math.min(total, Math.ceil((view.top + view.height) / HEIGHT) + MARGIN)
  const numbers = Array.from({ length: Math.max(0, last - first) }, (_, at) => first + at)
  // Heads and rows are grids of their own, which only a width of their own makes stand below each other.
  const width = {
    gridTemplateColumns: `minmax(0, 1.6fr) ${columns
      .slice(1)
      .map(() => 'minmax(0, 1fr)')
      .join(' ')}`,
    minWidth: `${11 + 9 * (columns.length - 1)}rem`,
  }

  if (failure) return <Empty>{failure}</Empty>
  return (
    <>
      <p class="status" role="status">
        {counts(total, 'record')}
        {model.unreadable > 0 && (
          <>
            , <a href={address(['-', 'faults'])}>{counts(model.unreadable, 'fault')}</a>
          </>
        )}
      </p>
      <div
        ref={scroller}
        class="grid"
        role="grid"
        aria-label={`Records of ${model.name}`}
        aria-rowcount={total + 1}
        aria-colcount={columns.length}
        aria-activedescendant={active >= 0 ? `${id}-${active}` : undefined}
        tabIndex={0}
        onKeyDown={onKey}
      >
        <div class="head" role="row" aria-rowindex={1} style={width}>
          {columns.map((name) => (
            <Heading key={name} field={model.fields.find((field) => field.name === name)!} order={order} sort={sort} />
          ))}
        </div>
        <div class="space" role="rowgroup" style={{ height: `${total * HEIGHT}px` }}>
          {numbers.map((number) => (
            <GridRow
              key={number}
              id={`${id}-${number}`}
              number={number}
              row={rowAt(number)}
              model={model}
              columns={columns}
              active={number === active}
              style={{ ...width, top: `${number * HEIGHT}px` }}
            />
          ))}
        </div>
      </div>
      {total === 0 && <Empty>There is nothing here.</Empty>}
    </>
  )
}

function Heading({ field, order, sort }: { field: Field; order: string; sort: (order: string) => void }) {
  const [name, direction] = order.split(':')
  const mine = name === field.name
  const next = !mine ? `${field.name}:asc` : direction === 'asc' ? `${field.name}:desc` : ''
  const canSort = !['list', 'object', 'json'].includes(field.kind.is) && !field.sealed
  return (
    <div role="columnheader" aria-sort={mine ? (direction === 'asc' ? 'ascending' : 'descending') : undefined}>
      {canSort ? (
        <button type="button" class="quiet" tabIndex={-1} onClick={() => sort(next)}>
          {field.name} <span aria-hidden="true">{mine ? (direction === 'asc' ? '↑' : '↓') : ''}</span>
        </button>
      ) : (
        field.name
      )}
    </div>
  )
}

interface RowProps {
  id: string
  number: number
  row: Row | undefined
  model: Model
  columns: string[]
  active: boolean
  style: Record<string, string>
}

function GridRow({ id, number, row, model, columns, active, style }: RowProps) {
  return (
    <div
      id={id}
      role="row"
      aria-rowindex={number + 2}
      aria-selected={active}
      class="row"
      style={style}
      onClick={(event) => {
        const isLink = event.target instanceof Element && event.target.closest('a')
        if (row && !isLink && !getSelection()?.toString()) go([model.name, row.key])
      }}
    >
      {columns.map((name, at) => (
        <div role="gridcell" key={name} class={at === 0 ? 'first' : undefined}>
          {row === undefined ? (
            <span class="loading" />
          ) : at === 0 ? (
            <a href={address([model.name, row.key])} tabIndex={-1}>
              {name === model.nameField ? row.label : <CellView value={row.cells[name] ?? null} />}
            </a>
          ) : (
            <CellView value={row.cells[name] ?? null} />
          )}
        </div>
      ))}
    </div>
  )
}

/** The rows that are seen, fetched a page at a time from where a page before has ended. */
function useRows(model: Model, asked: ListOptions, whole: number | null, view: { top: number; height: number }) {
  const [found, setFound] = useState<number | null>(null)
  const [failure, setFailure] = useState<string | null>(null)
  const [, redraw] = useState(0)
  const pages = useRef<Pages>(new Map())
  const under = useRef(new Set<number>())
  const round = useRef(0)

  const total = whole ?? found ?? 0
  const fetchPage = async (number: number) => {
    if (under.current.has(number)) return
    under.current.add(number)
    const mine = round.current
    try {
      const before = [...pages.current].filter(([at, page]) => at < number && page.next)
      const nearest = before.sort(([one], [other]) => other - one)[0]
      const cursor = nearest?.[1].next ?? undefined
      const page = await api.list(model.name, { ...asked, skip: number * PAGE, take: PAGE, cursor })
      if (mine !== round.current) return
      pages.current.set(number, page)
      setFailure(null)
      redraw((count) => count + 1)
    } catch (error) {
      if (mine === round.current) setFailure((error as Error).message)
    } finally {
      under.current.delete(number)
    }
  }

  const begin = () => {
    round.current++
    under.current = new Set()
    const mine = round.current
    if (whole === null) {
      const { columns, ...rest } = asked
      api.count(model.name, rest).then(
        (count) => mine === round.current && setFound(count),
        (error: Error) => mine === round.current && setFailure(error.message),
      )
    }
  }
  const [from, to] = [Math.floor(view.top / HEIGHT / PAGE), Math.floor((view.top + view.height) / HEIGHT / PAGE)]
  const look = () => {
    for (let number = from; number <= to; number++) {
      if (!pages.current.has(number) && number * PAGE < Math.max(total, 1)) void fetchPage(number)
    }
  }

  useEffect(() => {
    pages.current = new Map()
    begin()
    look()
  }, [asked])
  // Who flings the list past a thousand pages wants the one where it comes to rest.
  useEffect(() => {
    const timer = setTimeout(look, pages.current.size === 0 ? 0 : 60)
    return () => clearTimeout(timer)
  }, [from, to, total])
  useEffect(() => {
    if (changed.value.number === 0 || !changed.value.models.includes(model.name)) return
    const timer = setTimeout(() => {
      // What is shown stays until there is something newer.
      const stale = pages.current
      pages.current = new Map([...stale].filter(([number]) => number >= from && number <= to))
      begin()
      for (let number = from; number <= to; number++) void fetchPage(number)
    }, 300)
    return () => clearTimeout(timer)
  }, [changed.value])

  const rowAt = (number: number) => pages.current.get(Math.floor(number / PAGE))?.rows[number % PAGE]
  return { total, rowAt, failure }
}
