// What all parts of the page share: where one is, which models there are, what has changed.

import { computed, effect, signal } from '@preact/signals'
import { api, base, type Failure, type Hello, type Model, type Told } from './api.ts'

export const hello = signal<Hello | null>(null)
export const models = signal<Model[]>([])
export const failed = signal<string | null>(null)

export const modelNamed = (name: string) => models.value.find((model) => model.name === name)

/** Where one is: `#/Character/<key>?q=…`. */
export interface Place {
  parts: string[]
  query: URLSearchParams
}

function read(): Place {
  const [path = '', query = ''] = location.hash.slice(1).split('?')
  const parts = path
    .split('/')
    .filter(Boolean)
    .map((part) => {
      try {
        return decodeURIComponent(part)
      } catch {
        return part
      }
    })
  return { parts, query: new URLSearchParams(query) }
}

export const place = signal(read())
addEventListener('hashchange', () => (place.value = read()))

export function address(parts: string[], query?: Record<string, string | undefined>): string {
  const given = Object.entries(query ?? {}).filter((entry): entry is [string, string] => Boolean(entry[1]))
  const text = new URLSearchParams(given).toString()
  return `#/${parts.map(encodeURIComponent).join('/')}${text ? `?${text}` : ''}`
}

export const go = (parts: string[], query?: Record<string, string | undefined>) =>
  void (location.hash = address(parts, query))

/** The same place with other words behind the `?`, without a step in the history. */
export function adjust(query: Record<string, string | undefined>) {
  history.replaceState(null, '', address(place.value.parts, query))
  place.value = read()
}

// Light and dark: as the system has it, unless told otherwise here.

type Theme = 'system' | 'light' | 'dark'

export function remembered<T>(name: string, usual: T): T {
  try {
    return JSON.parse(localStorage.getItem(`studio.${name}`) ?? 'null') ?? usual
  } catch {
    return usual
  }
}

export function remember(name: string, value: unknown) {
  try {
    localStorage.setItem(`studio.${name}`, JSON.stringify(value))
  } catch {
    // Where nothing may be kept, the choice lasts as long as the page.
  }
}

export const theme = signal<Theme>(remembered<Theme>('theme', 'system'))
effect(() => {
  document.documentElement.dataset.theme = theme.value
  remember('theme', theme.value)
})

// Changes of this session, and what takes them back.

export interface Made {
  what: string
  at: Date
  undo: string | null
}

export const made = signal<Made[]>([])

/** A sentence at the corner of the page. */
export interface Notice {
  number: number
  text: string
  bad: boolean
  undo?: string
}

export const notices = signal<Notice[]>([])
let last = 0

export function say(text: string, more: { bad?: boolean; undo?: string } = {}) {
  const notice = { number: ++last, text, bad: more.bad ?? false, undo: more.undo }
  notices.value = [...notices.value.slice(-2), notice]
  if (!notice.bad && !notice.undo) setTimeout(() => dismiss(notice.number), 6000)
}

export const dismiss = (number: number) =>
  void (notices.value = notices.value.filter((notice) => notice.number !== number))

export const complain = (error: unknown) => say((error as Failure).message ?? String(error), { bad: true })

/** Notes a change that was made, and offers the way back. */
export function note(what: string, told: Told) {
  const undo = typeof told.undo === 'string' ? told.undo : null
  made.value = [{ what, at: new Date(), undo }, ...made.value].slice(0, 50)
  say(what, { undo: undo ?? undefined })
}

export async function takeBack(undo: string) {
  try {
    const told = await api.undo(undo)
    if (told.conflict) return say('It has changed since, so it was not taken back.', { bad: true })
    made.value = made.value.map((one) =>
      one.undo === undo ? { ...one, what: `${one.what} (taken back)`, undo: null } : one,
    )
    notices.value = notices.value.filter((notice) => notice.undo !== undo)
    say('Taken back.')
  } catch (error) {
    complain(error)
  }
}

// What changes in the store, whoever changes it.

export interface Changed {
  /** Counts up with each change. */
  number: number
  models: string[]
  events: { model: string; id: string | null; type: string; [owner: string]: string | null }[] | null
}

export const changed = signal<Changed>({ number: 0, models: [], events: [] })
export const connected = signal(true)

export async function start() {
  try {
    const [greeting, all] = await Promise.all([api.hello(), api.models()])
    hello.value = greeting
    models.value = all
    listen()
  } catch (error) {
    failed.value = (error as Error).message
  }
}

function listen() {
  const source = new EventSource(`${base}/api/events`)
  source.onopen = () => (connected.value = true)
  source.onerror = () => (connected.value = false)
  source.onmessage = ({ data }) => {
    changed.value = { ...JSON.parse(data), number: changed.value.number + 1 }
    refreshModels()
  }
}

let refreshing: number | undefined
/** The counts at the side, at most twice a second. */
function refreshModels() {
  refreshing ??= window.setTimeout(async () => {
    refreshing = undefined
    models.value = await api.models().catch(() => models.value)
  }, 500)
}

export const mayWrite = computed(() => hello.value?.write ?? false)
