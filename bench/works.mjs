// What is measured. A group runs in a process of its own, on a folder of its own; each of its works
// gives microseconds for a call (unless its unit says otherwise).

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import * as world from './world.mjs'

const SESSIONS = 1000
const CHARACTERS = 500
const CHATS = 200
export const LARGE = { chats: 1000, messages: 1000 }

const owner = world.user().id
const count = (length, make) => Array.from({ length }, (_, number) => make(number))
/** Made before anything is measured: what a call is given is no part of its time. */
const CHAT_IDS = count(LARGE.chats, (number) => world.chat(number).id)
const chatId = (number) => CHAT_IDS[number]

/** Waits only for what must be waited for: a synchronous store is not made to look slower. */
const settle = (value) => (typeof value?.then === 'function' ? value : undefined)

/** Microseconds for each call: at most so many calls, and at most about so many milliseconds. */
async function each(calls, call, { warm = Math.min(calls, 50), budget = 2000 } = {}) {
  for (let at = 0; at < warm; at++) {
    const waits = settle(call(at))
    if (waits) await waits
  }
  const start = performance.now()
  let done = 0
  while (done < calls && (done % 16 !== 0 || performance.now() - start < budget)) {
    const waits = settle(call(warm + done))
    if (waits) await waits
    done++
  }
  return ((performance.now() - start) * 1000) / done
}

/** Microseconds for each of `width` calls that are made at once, over so many rounds. */
async function atOnce(rounds, width, call) {
  let number = 0
  const round = () => Promise.all(count(width, () => call(number++)))
  await round()
  const start = performance.now()
  for (let at = 0; at < rounds; at++) await round()
  return ((performance.now() - start) * 1000) / (rounds * width)
}

/** What was made for the benchmark is old by the time that something is measured. */
function collectGarbage() {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
}

/** Messages in portions, so that no peer needs them all at once. */
async function fill(store, chat, messages, from = 0) {
  const portion = 10_000
  for (let at = 0; at < messages; at += portion) {
    const some = count(Math.min(portion, messages - at), (number) => world.message(from + at + number))
    await store.addMessages(chatId(chat), some)
  }
}

const seeded = (more) => ({ users: [world.user()], profiles: [world.profile()], ...more })

/** The ordinary calls, on a store of a person who uses the app daily. */
async function calls({ open }) {
  const store = await open()
  const sessions = count(SESSIONS, world.session)
  await store.seed(
    seeded({
      sessions,
      characters: count(CHARACTERS, world.character),
      chats: count(CHATS, (number) => world.chat(number)),
    }),
  )
  const token = (number) => sessions[number % SESSIONS].sessionToken
  const ids = count(CHARACTERS, (number) => world.character(number).id)
  const character = (number) => ids[number % CHARACTERS]
  const expiries = count(2100, (number) => new Date(world.later(number)))
  const made = {
    sessions: count(2100, (number) => world.session(10_000 + number)),
    characters: count(1100, (number) => world.character(10_000 + number)),
    tags: count(1100, (number) => world.tag(number)),
    messages: count(6000, (number) => world.message(number)),
  }
  const found = {
    getSessionAndUser: await each(20_000, (n) => store.getSessionAndUser(token(n)), { warm: 2000 }),
    getCharacter: await each(20_000, (n) => store.getCharacter(character(n)), { warm: 2000 }),
    listCharacters: await each(300, () => store.listCharacters(owner)),
    listChats: await each(600, () => store.listChats(owner)),
    createSession: await each(2000, (n) => store.createSession(made.sessions[n])),
    updateSession: await each(2000, (n) => store.updateSession(token(n), expiries[n])),
    createCharacter: await each(1000, (n) => store.createCharacter(made.characters[n])),
    createTag: await each(1000, (n) => store.createTag(made.tags[n])),
    addMessage: await each(1000, (n) => store.addMessage(chatId(0), made.messages[n])),
    addMessageAtOnce: await atOnce(50, 64, (n) => store.addMessage(chatId(1 + (n % 64)), made.messages[2000 + n])),
  }
  await store.close()
  return found
}

/** Long chats: what is appended must not feel how long they are, and reading is of whole chats. */
async function long({ open, slow }) {
  let store = await open()
  await store.seed(seeded({ characters: [world.character(0)], chats: count(4, (number) => world.chat(number)) }))
  await fill(store, 1, 100)
  await fill(store, 2, 10_000, 1_000)
  const messages = count(3300, (number) => world.message(5_000_000 + number))
  const found = {
    getMessages100: await each(3000, () => store.getMessages(chatId(1)), { warm: 300 }),
    addMessageTo0: await each(1000, (n) => store.addMessage(chatId(0), messages[n])),
  }
  await store.close()
  store = await open()
  found.getMessages10kFirst = await each(1, () => store.getMessages(chatId(2)), { warm: 0 })
  found.getMessages10k = await each(60, () => store.getMessages(chatId(2)), { warm: 5 })
  found.addMessageTo10k = await each(1000, (n) => store.addMessage(chatId(2), messages[1100 + n]))
  if (!slow) {
    await fill(store, 3, 1_000_000, 10_000_000)
    found.addMessageTo1M = await each(1000, (n) => store.addMessage(chatId(3), messages[2200 + n]))
  }
  await store.close()
  return found
}

/** Many tags, and a person who leaves and takes everything along. */
async function many({ open, slow }) {
  const store = await open()
  await store.seed(seeded({ tags: count(10_000, world.tag) }))
  const tags = count(550, (number) => world.tag(20_000 + number))
  const found = { createTagAt10k: await each(500, (n) => store.createTag(tags[n])) }
  if (!slow) {
    const other = 1
    await store.seed({
      users: [world.user(other)],
      profiles: [world.profile(1, other)],
      characters: count(1000, (number) => world.character(number, other)),
      chats: count(1000, (number) => world.chat(number, number, other, 1)),
    })
    for (let chat = 0; chat < 1000; chat++) await fill(store, chat, 10, chat * 10)
    const start = performance.now()
    await store.deleteUser(world.user(other).id)
    found.cascade = (performance.now() - start) * 1000
  }
  await store.close()
  return found
}

/** How long the event loop stands still at worst while 10,000 changes are made, 64 under way at a time. */
async function stall({ open }) {
  const store = await open()
  await store.seed(seeded({ characters: [world.character(0)], chats: count(64, (number) => world.chat(number)) }))
  const messages = count(10_064, (number) => world.message(number))
  const write = async (from, to) => {
    for (let at = from; at < to; at += 64) await store.addMessage(chatId(from % 64), messages[at])
  }
  await Promise.all(count(64, (lane) => write(lane, 64 * 4)))
  collectGarbage()
  let [last, longest, running] = [performance.now(), 0, true]
  const beat = () => {
    const now = performance.now()
    longest = Math.max(longest, now - last)
    last = now
    if (running) setImmediate(beat)
  }
  beat()
  await Promise.all(count(64, (lane) => write(256 + lane, 10_000)))
  running = false
  await store.close()
  return { stall: longest * 1000 }
}

/** A folder of 1,000 sessions, made once. */
async function makeSmall({ open }) {
  const store = await open()
  await store.seed(
    seeded({
      sessions: count(SESSIONS, world.session),
      characters: count(CHARACTERS, world.character),
      chats: count(CHATS, (n) => world.chat(n)),
    }),
  )
  await store.close()
  return {}
}

/** A folder of 1,000 chats of 1,000 messages, made once. */
async function makeLarge({ open }) {
  const store = await open()
  await store.seed(
    seeded({
      sessions: [world.session(0)],
      characters: count(CHARACTERS, world.character),
      chats: count(LARGE.chats, (n) => world.chat(n, n % CHARACTERS)),
    }),
  )
  for (let chat = 0; chat < LARGE.chats; chat++) await fill(store, chat, LARGE.messages, chat * LARGE.messages)
  await store.close()
  return {}
}

async function firstRead(open) {
  const start = performance.now()
  // As an app does: its first request is answered as soon as it can be.
  const store = await open('lazily')
  await store.getSessionAndUser(world.session(0).sessionToken)
  return [store, (performance.now() - start) * 1000]
}

async function openSmall({ open }) {
  const [store, openSmall] = await firstRead(open)
  await store.close()
  return { openSmall }
}

async function openLarge({ open }) {
  const [store, openLarge] = await firstRead(open)
  await store.listChats(owner)
  for (let chat = 0; chat < 10; chat++) await store.getMessages(chatId(chat * 7))
  const memory = process.memoryUsage().rss / 2 ** 20
  await store.close()
  return { openLarge, memory }
}

/** Each group; `folder` is the group that makes the folder it works on, and `once` needs no more trials. */
export const GROUPS = {
  calls: { run: calls },
  long: { run: long },
  many: { run: many },
  stall: { run: stall },
  makeSmall: { run: makeSmall, once: true },
  openSmall: { run: openSmall, folder: 'makeSmall' },
  makeLarge: { run: makeLarge, once: true, large: true },
  openLarge: { run: openLarge, folder: 'makeLarge', large: true },
}

/** What a row of the table is called, in the order of the table. */
export const ROWS = {
  createSession: 'createSession',
  getSessionAndUser: 'getSessionAndUser, of 1,000',
  updateSession: 'updateSession, of 1,000',
  createCharacter: 'createCharacter (1.4 KB)',
  getCharacter: 'get a character by id',
  listCharacters: 'list 500 characters',
  createTag: 'createTag',
  createTagAt10k: 'createTag, at 10,000 tags',
  listChats: 'list 200 chats',
  addMessage: 'addMessage (0.6 KB)',
  addMessageTo0: 'addMessage to a chat of 0',
  addMessageTo10k: 'addMessage to a chat of 10,000',
  addMessageTo1M: 'addMessage to a chat of 1,000,000',
  addMessageAtOnce: 'addMessage, 64 at once, each',
  getMessages100: 'getMessages of 100, again and again',
  getMessages10kFirst: 'getMessages of 10,000, first after open',
  getMessages10k: 'getMessages of 10,000, again and again',
  openSmall: 'open, first session read, at 1,000 sessions',
  openLarge: 'open, first session read, at 1,000 × 1,000 messages',
  memory: 'resident memory there, after ten chats (MiB)',
  cascade: "delete a user's 1,000 characters and 1,000 chats",
  stall: "event loop's longest stall in 10,000 writes",
}
