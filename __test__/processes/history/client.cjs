// A process of the search: two clients (its main thread and a worker thread), each with a handle of its
// own, make random calls until they are told to stop, and write down what they ask and what comes.
//
// The notes are written with a system call before and after each call, so that what a killed process
// had asked is known.
'use strict'

const { openSync, writeSync } = require('node:fs')
const { Worker, isMainThread, workerData } = require('node:worker_threads')
const { createStore, QuilltapAdapter } = require('../../..')

const plan = isMainThread ? JSON.parse(process.argv[2]) : workerData
const { options, file, seed, keys, lists, tokens, calls, who } = plan

const notes = openSync(file, 'a')
const now = () => Number(process.hrtime.bigint() / 1000n)
const note = (entry) => writeSync(notes, `${JSON.stringify(entry)}\n`)

/** mulberry32. */
let rolled = seed >>> 0
function roll(below) {
  rolled = (rolled + 0x6d2b79f5) >>> 0
  let mixed = Math.imul(rolled ^ (rolled >>> 15), rolled | 1)
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
  return ((mixed ^ (mixed >>> 14)) >>> 0) % below
}

const store = createStore(options)
const adapter = QuilltapAdapter(store)
let counter = 0
const fresh = () => `v${who}-${++counter}`

/** The kinds of records that stand for a value: in a document, in a file of their own, as a row. */
const KINDS = {
  tags: (id, value) => ({ id, userId: 'user', name: id, value }),
  characters: (id, value) => ({
    id,
    userId: 'user',
    name: id,
    description: '',
    personality: '',
    scenario: '',
    firstMessage: '',
    value,
  }),
  sessions: (id, value) => ({ id, userId: 'user', sessionToken: id, expires: '2100-01-01', value }),
}

class Refused extends Error {}

const record = {
  read: async (kind, id) => (await store[kind].findById(id))?.value ?? 'none',
  create: async (kind, id, value) => (await store[kind].create(KINDS[kind](id, value))).value,
  update: async (kind, id, value) => (await store[kind].update(id, { value }))?.value ?? 'none',
  delete: async (kind, id) => ((await store[kind].delete(id)) ? 'gone' : 'none'),
}

async function onRecord() {
  const [kind, id] = keys[roll(keys.length)]
  const die = roll(20)
  const what = die < 9 ? 'read' : die < 15 ? 'update' : die < 18 ? 'create' : 'delete'
  const value = what === 'update' || what === 'create' ? fresh() : undefined
  return [{ record: `${kind} ${id}`, ask: [what, value] }, () => record[what](kind, id, value)]
}

const message = (item) => ({ id: item, role: 'USER', content: `${item} ${'x'.repeat(roll(400))}` })
const items = async (from, list) => (await from.chats.getMessages(list)).map(({ id }) => id)

/** One or two items to as many lists in one change; now and then the change is given up half way. */
async function onLists() {
  const chosen = roll(3) === 0 ? [lists[roll(lists.length)]] : [...lists.slice(0, 2)]
  if (roll(3) === 0) {
    const look = () =>
      store.transaction(async (tx) => [await items(tx, chosen[0]), ...(chosen[1] ? [await items(tx, chosen[1])] : [])])
    const alone = async () => [await items(store, chosen[0])]
    return [{ ask: ['look', chosen] }, chosen.length === 1 ? alone : look]
  }
  const pairs = chosen.map((list) => [list, fresh()])
  const giveUp = chosen.length > 1 && roll(5) === 0
  const one = async () => void (await store.chats.addMessage(pairs[0][0], message(pairs[0][1])))
  const both = () =>
    store.transaction(async (tx) => {
      for (const [number, [list, item]] of pairs.entries()) {
        if (giveUp && number > 0) throw new Refused()
        await tx.chats.addMessage(list, message(item))
      }
    })
  return [{ ask: ['add', pairs] }, async () => (await (pairs.length === 1 ? one() : both()), 'added')]
}

/** A one-time token, for which others race. */
async function onToken() {
  const token = tokens[roll(tokens.length)]
  const use = async () => ((await adapter.useVerificationToken({ identifier: token, token })) ? 'gone' : 'none')
  return [{ record: `tokens ${token}`, ask: ['delete'] }, use]
}

/** What a call may end with beside its answer. An `IO` is one that the database could not be reached for. */
const TOLD = ['UNIQUE', 'LOCKED', ...(options.database ? ['IO', 'OUTCOME_UNKNOWN'] : [])]

async function client() {
  for (let done = 0; done < calls; done++) {
    const die = roll(20)
    const [asked, call] = await (die < 5 ? onLists() : die < 7 ? onToken() : onRecord())
    note({ ...asked, who, call: now() })
    let answer
    try {
      answer = await call()
    } catch (error) {
      answer = error instanceof Refused ? 'refused' : error.code
      // The others are answers too; what nobody expects ends the search.
      if (answer !== 'refused' && !TOLD.includes(answer)) answer = `unexpected ${error.stack}`
    }
    note({ back: now(), answer })
    // Who finds no server would have asked everything before there is one again.
    if (answer === 'IO') await new Promise((resolve) => setTimeout(resolve, 50 + roll(200)))
  }
  await store.close()
}

if (isMainThread) {
  const other = { ...plan, file: `${file}.worker`, seed: seed + 1, who: `${who}w` }
  const worker = new Worker(__filename, { workerData: other })
  const ended = new Promise((resolve, reject) => worker.once('error', reject).once('exit', resolve))
  Promise.all([client(), ended]).catch((error) => {
    note({ back: now(), answer: `unexpected ${error.stack}` })
    process.exit(1)
  })
} else client()
