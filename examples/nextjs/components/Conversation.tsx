'use client'

import { useEffect, useLayoutEffect, useRef, useState } from 'react'
import { deleteMessage, editMessage, sendMessage } from '@/actions/chats'
import { attempt } from '@/lib/attempt'
import type { Line } from '@/lib/records'
import { counted } from '@/lib/words'
import { Composer } from './Composer'
import { Speech } from './Speech'

interface Props {
  chatId: string
  characterName: string
  /** The last page of the log. */
  newest: Line[]
  total: number
}

/** Chats that this tab wrote in: the router's Back shows them as they were before. */
const writtenIn = new Set<string>()

export function Conversation({ chatId, characterName, newest, total: storedTotal }: Props) {
  const [lines, setLines] = useState(newest)
  const [total, setTotal] = useState(storedTotal)
  const [sending, setSending] = useState('')
  const [loading, setLoading] = useState(false)
  const [error, setError] = useState('')
  const scroller = useRef<HTMLDivElement>(null)
  const top = useRef<HTMLDivElement>(null)
  /** Distance from the end of the log that the next change of lines must keep. */
  const keepFromEnd = useRef<number | null>(0)
  const atEnd = useRef(true)
  const earlier = total - lines.length

  useLayoutEffect(() => {
    const box = scroller.current
    if (!box || keepFromEnd.current === null) return
    box.scrollTop = box.scrollHeight - keepFromEnd.current
    keepFromEnd.current = null
  }, [lines, sending])

  useEffect(() => {
    if (!writtenIn.has(chatId)) return
    fetchLines(chatId).then(
      (page) => {
        keepFromEnd.current = 0
        setLines(page.lines)
        setTotal(page.total)
      },
      () => setError('The newest messages could not be loaded.'),
    )
  }, [chatId])

  // A phone's keyboard, a longer draft: who was at the end stays there.
  useEffect(() => {
    const box = scroller.current
    if (!box) return
    const watch = new ResizeObserver(() => {
      if (atEnd.current) box.scrollTop = box.scrollHeight
    })
    watch.observe(box)
    return () => watch.disconnect()
  }, [])

  function noticeScroll() {
    const box = scroller.current!
    atEnd.current = box.scrollHeight - box.scrollTop - box.clientHeight < 40
  }

  async function loadEarlier() {
    const first = lines[0]
    if (loading || !first || earlier <= 0) return
    setLoading(true)
    setError('')
    try {
      const page = await fetchLines(chatId, first.id)
      if (page.lines.length === 0 && page.total > lines.length) throw new Error('Reload the page to see them.')
      const box = scroller.current!
      keepFromEnd.current = box.scrollHeight - box.scrollTop
      setLines((shown) => [...page.lines, ...shown])
      setTotal(page.total)
    } catch (fault) {
      setError(`Earlier messages could not be loaded. ${fault instanceof Error ? fault.message : ''}`)
    } finally {
      setLoading(false)
    }
  }

  useEffect(() => {
    if (loading || error || earlier <= 0) return
    const watch = new IntersectionObserver(
      ([seen]) => {
        if (seen?.isIntersecting) void loadEarlier()
      },
      { root: scroller.current, rootMargin: '400px 0px 0px' },
    )
    if (top.current) watch.observe(top.current)
    return () => watch.disconnect()
  })

  async function send(content: string) {
    keepFromEnd.current = 0
    setSending(content)
    setError('')
    const answer = await attempt(() => sendMessage(chatId, content))
    keepFromEnd.current = 0
    setSending('')
    if ('lines' in answer) {
      writtenIn.add(chatId)
      const { lines: added } = answer
      setLines((shown) => [...shown, ...added])
      setTotal((count) => count + added.length)
      return true
    }
    setError(answer.error)
    return false
  }

  async function edit(id: string, content: string) {
    const answer = await attempt(() => editMessage(chatId, id, content))
    if (!('lines' in answer)) return answer.error
    writtenIn.add(chatId)
    const [changed] = answer.lines
    setLines((shown) => shown.map((line) => (line.id === id ? changed! : line)))
  }

  async function remove(id: string) {
    const failed = await attempt(() => deleteMessage(chatId, id))
    if (failed) return failed
    writtenIn.add(chatId)
    setLines((shown) => shown.filter((line) => line.id !== id))
    setTotal((count) => count - 1)
  }

  return (
    <>
      <div className="scroller" ref={scroller} onScroll={noticeScroll} tabIndex={0} role="log" aria-label="Messages">
        <div className="script">
          <div className="script-top" ref={top}>
            {earlier > 0 ? (
              <button className="button quiet small" disabled={loading} onClick={loadEarlier}>
                {loading ? 'Turning back…' : `${counted(earlier, 'earlier message')}`}
              </button>
            ) : (
              <p className="beginning">The beginning · {counted(total, 'message')}</p>
            )}
          </div>
          {lines.map((line, place) => (
            <Speech
              key={line.id}
              line={line}
              goesOn={sameSpeaker(lines[place - 1], line)}
              characterName={characterName}
              onEdit={edit}
              onDelete={remove}
            />
          ))}
          {sending ? (
            <article className="speech mine pending">
              <p className="words">{sending}</p>
            </article>
          ) : null}
        </div>
      </div>
      {error ? (
        <p className="fault banner" role="alert">
          {error}
        </p>
      ) : null}
      <Composer characterName={characterName} onSend={send} />
    </>
  )
}

async function fetchLines(chatId: string, before = '') {
  const answer = await fetch(`/api/chats/${chatId}/messages?before=${before}`)
  if (!answer.ok) throw new Error(`The server said ${answer.status}.`)
  return (await answer.json()) as { lines: Line[]; total: number }
}

function sameSpeaker(before: Line | undefined, line: Line) {
  if (!before || line.quote || line.editedAt) return false
  return before.speaker === line.speaker && before.role === line.role
}
