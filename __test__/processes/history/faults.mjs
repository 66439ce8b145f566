// What is wrong with what clients were told, seen from a store at the end.

import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import quilltap from '../../../index.js'
import checker from './checker.cjs'

const { isLinearizable, leastFault, listFaults, RECORD } = checker
const { QuilltapAdapter } = quilltap

export const LISTS = ['one', 'other', 'third']
/** So few that clients meet at them all the time. */
export const KEYS = ['tags', 'characters', 'sessions'].flatMap((kind) =>
  [1, 2, 3].map((number) => [kind, `${kind}-${number}`]),
)
/** Each can be used once. */
export const TOKENS = Array.from({ length: 20 }, (_, number) => `token-${number}`)

export function dice(seed) {
  let state = seed >>> 0
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

/** What there is before the clients begin. */
export async function world(store) {
  await store.users.create({ id: 'user', email: 'will@globe.example' })
  await store.connections.create({ id: 'profile', userId: 'user', name: 'n', provider: 'OLLAMA', modelName: 'm' })
  const blank = { description: '', personality: '', scenario: '', firstMessage: '' }
  await store.characters.create({ id: 'lead', userId: 'user', name: 'lead', ...blank })
  for (const id of LISTS) {
    await store.chats.create({ id, userId: 'user', characterId: 'lead', connectionProfileId: 'profile', title: id })
  }
  const { createVerificationToken } = QuilltapAdapter(store)
  for (const token of TOKENS) {
    await createVerificationToken({ identifier: token, token, expires: new Date('2100-01-01') })
  }
}

/** The operations that a client noted. */
function operations(text) {
  const all = []
  for (const line of text.split('\n')) {
    // A note that a kill has cut off is of a call that never came back, or was never made.
    if (!line.endsWith('}')) continue
    const entry = JSON.parse(line)
    if (entry.call !== undefined) all.push(entry)
    else Object.assign(all.at(-1), entry)
  }
  return all
}

/** What the clients noted in the files whose names begin with `notes`. */
export async function noted(notes) {
  const all = []
  const folder = dirname(notes)
  for (const name of await readdir(folder)) {
    const file = join(folder, name)
    if (file.startsWith(`${notes}.`)) all.push(...operations(await readFile(file, 'utf8')))
  }
  return all
}

/** Nothing of such a call is there. */
const wasRefused = ({ answer }) => answer === 'LOCKED' || answer === 'IO'

/** What each list holds. */
export async function listsOf(store) {
  const final = {}
  for (const list of LISTS) final[list] = (await store.chats.getMessages(list)).map(({ id }) => id)
  return final
}

/** The faults that what clients were told shows, beside what a store holds at the end. */
export async function faultsOf(told, store, final) {
  const faults = []
  for (const { answer, who } of told) {
    if (typeof answer === 'string' && answer.startsWith('unexpected')) faults.push(`${who}: ${answer}`)
  }
  // A call whose outcome nobody knows is one that never came back.
  const all = told.map((one) =>
    one.answer === 'OUTCOME_UNKNOWN' ? { ...one, back: undefined, answer: undefined } : one,
  )
  for (const list of LISTS) {
    const { messageCount } = await store.chats.findById(list)
    if (messageCount !== final[list].length) faults.push(`${list} counts ${messageCount} of ${final[list].length}`)
  }
  const lists = all.filter(
    ({ record, ask, answer }) => record === undefined && !(ask[0] === 'look' && !Array.isArray(answer)),
  )
  faults.push(
    ...listFaults(
      lists.map((one) => (wasRefused(one) ? { ...one, answer: 'refused' } : one)),
      final,
    ),
  )
  const last = Math.max(...all.map(({ call, back }) => back ?? call)) + 1
  const first = Math.min(...all.map(({ call }) => call)) - 2
  const kept = async (kind, id) => (await store[kind].findById(id))?.value ?? 'none'
  const left = new Set((await store.verificationTokens.findAll()).map(({ token }) => token))
  const records = [
    ...KEYS.map(([kind, id]) => ({ record: `${kind} ${id}`, now: () => kept(kind, id), before: [] })),
    ...TOKENS.map((token) => ({
      record: `tokens ${token}`,
      now: async () => (left.has(token) ? 'there' : 'none'),
      before: [{ who: 'world', ask: ['create', 'there'], answer: 'there', call: first, back: first + 1 }],
    })),
  ]
  for (const { record, now, before } of records) {
    const history = [...before, ...all.filter((one) => one.record === record && !wasRefused(one))]
    history.push({ who: 'end', ask: ['read'], answer: await now(), call: last, back: last + 1 })
    // A read that never came back says nothing.
    const telling = history.filter(({ ask, back }) => ask[0] !== 'read' || back !== undefined)
    if (!isLinearizable(telling, RECORD)) {
      const least = leastFault(telling, RECORD).sort((a, b) => a.call - b.call)
      const lines = least.map(
        ({ who, ask, answer, call, back }) =>
          `  ${call}–${back ?? '…'} ${who}: ${ask.filter(Boolean).join(' ')} → ${answer ?? '?'}`,
      )
      faults.push([`${record}: no order explains`, ...lines].join('\n'))
    }
  }
  return faults
}

/** Where two lists begin to differ. */
export function difference(found, wanted) {
  const at = found.findIndex((item, number) => item !== wanted[number])
  const from = at < 0 ? found.length : at
  return `from number ${from} on, ${found.slice(from, from + 3)} (of ${found.length}) for ${wanted.slice(from, from + 3)} (of ${wanted.length})`
}
