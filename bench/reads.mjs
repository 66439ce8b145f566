// Reads of a record by its id, while its folder rests and beside changes, and of a chat of 10,000 messages for the first
// time; beside better-sqlite3, and the limit: `JSON.parse` of the same texts. In turns. Run: npm run build &&
// node bench/reads.mjs [folder]; results/reads.md keeps what it said.

import fs from 'node:fs'
import { createRequire } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { open as openSqlite } from './peers/sqlite.mjs'
import * as world from './world.mjs'

const { createStore } = createRequire(import.meta.url)('..')
const [where = os.tmpdir()] = process.argv.slice(2)
const base = fs.mkdtempSync(path.join(where, 'quilltap-reads-'))
const [ROUNDS, OPENINGS, MANY] = [30, 10, 500]
const chat = world.chat(0).id
const characters = Array.from({ length: MANY }, (_, number) => world.character(number))
const messages = Array.from({ length: 10_000 }, (_, number) => world.message(number))

const folder = (name) => fs.mkdirSync(path.join(base, name), { recursive: true }) ?? path.join(base, name)
const openStore = () => createStore({ dataDir: path.join(base, 'store'), durability: 'batched' })
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1]

/** The median time of each side, whose calls take turns, in ms. */
async function timed(rounds, sides) {
  const took = sides.map(() => [])
  for (let round = 0; round < rounds; round++) {
    for (const [number, side] of sides.entries()) {
      const call = await side()
      const start = performance.now()
      await call()
      took[number].push(performance.now() - start)
    }
  }
  return took.map(median)
}

function row(what, unit, [ours, theirs, limit]) {
  const cells = [ours * unit, theirs * unit, limit * unit].map((time) => time.toFixed(time * unit < 100 ? 2 : 0))
  console.log(`| ${[what, ...cells, (ours / theirs).toFixed(2), (ours / limit).toFixed(2)].join(' | ')} |`)
}

const store = openStore()
await store.users.create(world.user())
await store.connections.create(world.profile())
await store.characters.createMany(characters)
await store.chats.create(world.chat(0))
for (let at = 0; at < messages.length; at += 1000) await store.chats.addMessages(chat, messages.slice(at, at + 1000))
const sqliteFolder = folder('sqlite')
const sqlite = openSqlite(sqliteFolder, 'normal')
sqlite.seed({ users: [world.user()], profiles: [world.profile()], characters, chats: [world.chat(0)] })
for (const message of messages) await sqlite.addMessage(chat, message)
const texts = characters.map((character) => JSON.stringify(character))
const lines = messages.map((message) => JSON.stringify(message))
const list = `[${lines.join()}]`

const each = (call) => () => async () => {
  for (let number = 0; number < MANY; number++) await call(number)
}
const byId = [
  each((number) => store.characters.findById(characters[number].id)),
  each((number) => sqlite.getCharacter(characters[number].id)),
  each((number) => JSON.parse(texts[number])),
]
console.log(`load ${os.loadavg()[0].toFixed(1)}\n`)
console.log('| | quilltap-store | better-sqlite3 | JSON.parse | × better-sqlite3 | × JSON.parse |')
console.log('| --- | ---: | ---: | ---: | ---: | ---: |')
const perCall = 1000 / MANY
row('µs, a character by id, right after 500 were made', perCall, await timed(ROUNDS, byId))
await store.flush()
// Until its folders are watched.
await pause(2500)
row('µs, the same, at rest', perCall, await timed(ROUNDS, byId))
let number = 0
const change = setInterval(() => store.characters.update(characters[0].id, { name: `Name ${number++}` }), 20)
row('µs, the same, beside a change each 20 ms', perCall, await timed(ROUNDS, byId))
clearInterval(change)
await store.close()

let [opened, peer] = []
const first = [
  async () => {
    await opened?.close()
    opened = openStore()
    await opened.open()
    return () => opened.chats.getMessages(chat)
  },
  async () => {
    await peer?.close()
    peer = openSqlite(sqliteFolder, 'normal')
    return () => peer.getMessages(chat)
  },
  async () => () => JSON.parse(list),
]
row('ms, 10,000 messages for the first time', 1, await timed(OPENINGS, first))
await opened.close()
await peer.close()
await sqlite.close()
fs.rmSync(base, { recursive: true })
