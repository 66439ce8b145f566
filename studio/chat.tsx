// A log as the conversation that it is: from its end, with events between the messages, and of answers that
// stand for each other one at a time.

import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { api, payloadAddress, type LogRow, type Model } from './api.ts'
import { address, changed, complain, mayWrite } from './state.ts'
import { Empty, counted, shown, timed } from './value.tsx'

const PART = 50

export function Chat({ model, owner, at }: { model: Model; owner: string; at: string | null }) {
  const [rows, setRows] = useState<LogRow[] | null>(null)
  const [more, setMore] = useState({ before: false, after: false })
  const [failure, setFailure] = useState('')
  const scroller = useRef<HTMLDivElement>(null)
  /** What must stay where it is when rows come in above: the height below it. */
  const below = useRef<number | null>(null)
  const end = useRef(true)
  const busy = useRef(false)

  const begin = async () => {
    try {
      if (!at) {
        const part = await api.log(model.name, owner, { take: PART })
        end.current = true
        setRows(part.rows)
        setMore({ before: part.more, after: false })
        return
      }
      const [before, after, found] = await Promise.all([
        api.log(model.name, owner, { before: at, take: PART / 2 }),
        api.log(model.name, owner, { after: at, take: PART / 2 }),
        api.record(model.name, at),
      ])
      const row = found ? [{ row: JSON.parse(found.text), lengths: {} }] : []
      end.current = false
      setRows([...before.rows, ...row, ...after.rows])
      setMore({ before: before.more, after: after.more })
    } catch (error) {
      setFailure((error as Error).message)
    }
  }
  useEffect(() => void begin(), [model.name, owner, at])

  const earlier = async () => {
    const first = rows?.[0]
    if (!first || busy.current) return
    busy.current = true
    try {
      const part = await api.log(model.name, owner, { before: String(first.row.id), take: PART })
      const element = scroller.current
      below.current = element ? element.scrollHeight - element.scrollTop : null
      setRows([...part.rows, ...rows])
      setMore({ ...more, before: part.more })
    } catch (error) {
      complain(error)
    }
    busy.current = false
  }
  const later = async () => {
    const last = rows?.at(-1)
    if (!last || busy.current) return
    busy.current = true
    try {
      const part = await api.log(model.name, owner, { after: String(last.row.id), take: PART })
      setRows([...rows!, ...part.rows])
      setMore({ ...more, after: part.more })
    } catch (error) {
      complain(error)
    }
    busy.current = false
  }
  useEffect(() => {
    const { models, events, number } = changed.value
    const isMine = events === null || events.some((event) => Object.values(event).includes(owner))
    if (number === 0 || !models.includes(model.name) || !isMine) return
    const appended = events?.every((event) => event.model !== model.name || event.type === 'create')
    if (appended && rows?.length && !more.after) return void later()
    void begin()
  }, [changed.value])

  useLayoutEffect(() => {
    const element = scroller.current
    if (!element || !rows) return
    if (below.current !== null) element.scrollTop = element.scrollHeight - below.current
    else if (end.current) element.scrollTop = element.scrollHeight
    else if (at) document.getElementById(`row-${at}`)?.scrollIntoView({ block: 'center' })
    below.current = null
  }, [rows])
  // Who was at the end stays there when the page becomes narrower, or a picture has come.
  useEffect(() => {
    const element = scroller.current
    if (!element) return
    const observer = new ResizeObserver(() => {
      if (end.current) element.scrollTop = element.scrollHeight
    })
    observer.observe(element)
    for (const child of element.children) observer.observe(child)
    return () => observer.disconnect()
  }, [rows])
  const onScroll = () => {
    const element = scroller.current!
    end.current = element.scrollHeight - element.scrollTop - element.clientHeight < 40 && !more.after
    if (element.scrollTop < 400 && more.before) void earlier()
    if (element.scrollHeight - element.scrollTop - element.clientHeight < 400 && more.after) void later()
  }

  if (failure) return <Empty>{failure}</Empty>
  if (!rows) return <Empty>Loading…</Empty>
  return (
    <>
      <div ref={scroller} class="chat" role="log" aria-label="Conversation" tabIndex={0} onScroll={onScroll}>
        {more.before && (
          <button type="button" class="quiet" onClick={() => void earlier()}>
            Earlier
          </button>
        )}
        {groups(rows).map((group) => (
          <Group key={String(group[0]!.row.id)} group={group} model={model} at={at} />
        ))}
        {rows.length === 0 && <Empty>Nobody has said anything yet.</Empty>}
      </div>
      {mayWrite.value && (
        <p class="status">
          <a class="button" href={address([model.name, 'new'], { owner })}>
            New {model.name}
          </a>
        </p>
      )}
    </>
  )
}

/** Rows that stand for each other, one after another with one `swipeGroupId`, are one place in a chat. */
function groups(rows: LogRow[]): LogRow[][] {
  const all: LogRow[][] = []
  for (const row of rows) {
    const last = all.at(-1)
    const id = row.row.swipeGroupId
    if (id && last?.[0]!.row.swipeGroupId === id) last.push(row)
    else all.push([row])
  }
  return all
}

function Group({ group, model, at }: { group: LogRow[]; model: Model; at: string | null }) {
  const wanted = group.findIndex(({ row }) => row.id === at)
  const [number, setNumber] = useState(wanted >= 0 ? wanted : group.length - 1)
  const chosen = group[Math.min(number, group.length - 1)]!
  const { row } = chosen
  if (row.type !== 'message') return <Event row={chosen} model={model} />
  return (
    <article id={`row-${row.id}`} class={`message ${String(row.role).toLowerCase()}${row.id === at ? ' wanted' : ''}`}>
      <header>
        <strong>{String(row.role)}</strong>
        {typeof row.createdAt === 'string' && <time dateTime={row.createdAt}>{timed(row.createdAt)}</time>}
        <a href={address([model.name, String(row.id)])} aria-label={`Open this ${model.name}`}>
          open
        </a>
      </header>
      <p class="content">{String(row.content ?? '')}</p>
      {chosen.lengths.content !== undefined && (
        <p class="faint">
          … {counted(chosen.lengths.content)} characters; <a href={address([model.name, String(row.id)])}>all of it</a>
        </p>
      )}
      {Array.isArray(row.attachments) && row.attachments.map((id) => <Attachment key={String(id)} id={String(id)} />)}
      {group.length > 1 && (
        <footer class="swipes">
          <button
            type="button"
            class="quiet"
            aria-label="The answer before"
            disabled={number === 0}
            onClick={() => setNumber(number - 1)}
          >
            ‹
          </button>
          <span>
            {number + 1} of {group.length}
          </span>
          <button
            type="button"
            class="quiet"
            aria-label="The next answer"
            disabled={number >= group.length - 1}
            onClick={() => setNumber(number + 1)}
          >
            ›
          </button>
        </footer>
      )}
    </article>
  )
}

function Attachment({ id }: { id: string }) {
  const [isImage, setIsImage] = useState(true)
  return (
    <a class="attachment" href={address(['Binary', id])}>
      {isImage ? (
        <img src={payloadAddress(id)} alt="attachment" loading="lazy" onError={() => setIsImage(false)} />
      ) : (
        `attachment ${id}`
      )}
    </a>
  )
}

function Event({ row: { row }, model }: { row: LogRow; model: Model }) {
  const { id, type, createdAt, ...rest } = row
  return (
    <details class="event" id={`row-${id}`}>
      <summary>
        {String(type ?? 'event')} {typeof createdAt === 'string' && <span class="faint">{timed(createdAt)}</span>}
      </summary>
      <pre>{shown(rest, 5000)}</pre>
      <a href={address([model.name, String(id)])}>open</a>
    </details>
  )
}
