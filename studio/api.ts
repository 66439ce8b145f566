// What the page asks the store: a call is a POST with the array of its arguments.

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
export type Fields = { [key: string]: Json }

export type Kind =
  | { is: 'text' | 'id' | 'integer' | 'number' | 'flag' | 'time' | 'json' }
  | { is: 'enum'; words: string[] }
  | { is: 'link'; to: string; onDelete: string }
  | { is: 'list'; of: Kind }
  | { is: 'object'; fields: Field[] }

export interface Field {
  name: string
  kind: Kind
  optional: boolean
  default: Json
  /** Does the store give it a value where none is given? */
  given: boolean
  derived: boolean
  private: boolean
  sealed: boolean
  doc: string
}

export interface Model {
  name: string
  collection: string
  doc: string
  key: string
  keyIsPrivate: boolean
  place: string
  owner: { model: string; field: string } | null
  single: boolean
  readOnly: boolean
  count: number | null
  unreadable: number
  nameField: string | null
  columns: string[]
  sorted: string[]
  sealedAs: string | null
  payload: string | null
  fields: Field[]
}

/** What a list shows of a value that is more than a text or a number. */
export type Special =
  | { is: 'sealed' | 'hidden' }
  | { is: 'link'; to: string; key: string; label: string | null }
  | { is: 'list' | 'object'; count: number }

export type Cell = null | boolean | number | string | Special

export interface Row {
  key: string
  label: string
  cells: Record<string, Cell>
}

export interface ListOptions {
  where?: Json
  orderBy?: Json
  search?: string
  columns?: string[]
  skip?: number
  take?: number
  cursor?: string
}

export interface Found {
  model: string
  key: string
  label: string
  text: string
  stamp: string
  bytes: number
  path: string | null
  owner: string | null
  names: Record<string, Record<string, string | null>>
  sealed: string[]
  related: { model: string; path: string; count: number }[]
  logs: string[]
  hasPayload: boolean
  /** Why it cannot be read; then there is nothing else. */
  broken?: string
}

export interface LogRow {
  row: Fields
  /** Of texts that were cut: how long they are. */
  lengths: Record<string, number>
}

export interface Change {
  model: string
  key: string
  label: string
  before: string | null
  after: string | null
}

export interface Told {
  key: string
  changes: Change[]
  counts: Record<string, { created?: number; changed?: number; deleted?: number }>
  logs: { model: string; owner: string; rows: number }[]
  /** Of a rehearsal: could it be taken back? Of a change: by which number. */
  undo: boolean | string
  /** Why it cannot be taken back. */
  final: string | null
  conflict?: { gone?: boolean; undo?: boolean; text?: string; stamp?: string }
  fault?: { line: number; column: number; path: string; message: string }
}

export interface Asked {
  model: string
  key?: string
  owner?: string
  text?: string
  stamp?: string
}

export interface Fault {
  kind: string
  path: string
  model?: string
  id?: string
  message: string
}

export interface Report {
  files: number
  records: number
  rows: number
  payloads: number
  faults: Fault[]
}

export interface State {
  dataDir: string
  folders: Record<string, { bytes: number; files: number }>
  free: number | null
  process: number
  users: { process: number; command: string; stopped: boolean }[] | null
  lastBackup: { at: string; file: string; bytes: number } | null
  stats: {
    journalBytes: number
    durability: string
    filesShowEverything: boolean
    lastFileError: string | null
    faults: string[]
  }
}

export interface Hello {
  dataDir: string
  write: boolean
  version: string
  initialized: boolean
}

interface Calls {
  hello: () => Hello
  models: () => Model[]
  list: (model: string, options: ListOptions) => { rows: Row[]; next: string | null }
  count: (model: string, options: ListOptions) => number
  record: (model: string, key: string) => Found | null
  related: (model: string, key: string, from: string, path: string, options: ListOptions) => { rows: Row[] }
  log: (
    model: string,
    owner: string,
    options: { before?: string; after?: string; take?: number },
  ) => { rows: LogRow[]; more: boolean }
  search: (
    model: string,
    text: string,
    from: number,
  ) => {
    rows: { key: string; owner: string; ownerLabel: string; label: string; at: string }[]
    next: number | null
    of: number
  }
  reveal: (model: string, key: string, field: string, passphrase: string) => string | null
  change: (what: string, change: Asked, rehearse: boolean) => Told
  undo: (number: string) => Told
  check: () => Report
  state: () => State
}

/** A call that failed, with what the store says about it. */
export class Failure extends Error {
  constructor(
    message: string,
    readonly code: string,
    readonly issues: { path: string; expected: string; received: string }[] = [],
  ) {
    super(message)
  }
}

/** Where this page is mounted: two levels above this script. */
export const base = new URL('..', import.meta.url).pathname.replace(/\/$/, '')

async function call(name: string, args: unknown[]): Promise<unknown> {
  const response = await fetch(`${base}/api/${name}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-quilltap-studio': '1' },
    body: JSON.stringify(args),
  }).catch(() => {
    throw new Failure('The studio does not answer: is it still running?', 'GONE')
  })
  const isJson = response.headers.get('content-type')?.startsWith('application/json')
  if (!isJson) throw new Failure((await response.text()).trim(), String(response.status))
  const value = await response.json()
  if (!response.ok) throw new Failure(value.error.message, value.error.code, value.error.issues)
  return value
}

/** Every call by its name. */
export const api = new Proxy(
  {} as { [N in keyof Calls]: (...args: Parameters<Calls[N]>) => Promise<ReturnType<Calls[N]>> },
  {
    get:
      (_, name: string) =>
      (...args: unknown[]) =>
        call(name, args),
  },
)

/** The bytes of an image or a file. */
export const payloadAddress = (id: string) => `${base}/api/payload?id=${encodeURIComponent(id)}`
