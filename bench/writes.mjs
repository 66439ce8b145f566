// Single writes, one after another: the store's, better-sqlite3's, and what nothing awaited can be faster than, a sync of the
// same bytes on another thread. The columns take turns, a portion each, so that what slows the machine for a while slows
// all of them. Then the slowest of them at rest, right after a bulk of 10,000 messages, and while a flush and a checkpoint
// go on. Run: npm run build && node bench/writes.mjs [rounds] [folder]; results/writes.md keeps what it said.

import fs from 'node:fs'
import { createRequire } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { open as openSqlite } from './peers/sqlite.mjs'
import * as world from './world.mjs'

const { createStore } = createRequire(import.meta.url)('..')
const [rounds = '8', where = os.tmpdir()] = process.argv.slice(2)
const PORTION = 250
const base = fs.mkdtempSync(path.join(where, 'quilltap-writes-'))
const chat = world.chat(0).id

async function openStore(durability) {
  const store = createStore({ dataDir: path.join(base, durability), durability })
  await store.users.create(world.user())
  await store.connections.create(world.profile())
  await store.characters.create(world.character(0))
  await store.chats.create(world.chat(0))
  return {
    store,
    createTag: (record) => store.tags.create(record),
    addMessage: (record) => store.chats.addMessage(chat, record),
    close: () => store.close(),
  }
}

function openPeer(synchronous) {
  const dir = path.join(base, synchronous)
  fs.mkdirSync(dir)
  const peer = openSqlite(dir, synchronous)
  peer.seed({
    users: [world.user()],
    profiles: [world.profile()],
    characters: [world.character(0)],
    chats: [world.chat(0)],
  })
  return { ...peer, addMessage: (record) => peer.addMessage(chat, record) }
}

/** Over room that is there already, as the journal's is; written, and synced where somebody waits for that. */
function openLimit(isSynced) {
  const file = fs.openSync(path.join(base, `limit-${isSynced}`), 'w')
  fs.writeSync(file, Buffer.alloc(32 << 20))
  fs.fsyncSync(file)
  const wait = isSynced ? promisify(fs.fdatasync) : () => {}
  let at = 0
  const write = (record) => {
    const line = Buffer.from(`00000000 ${JSON.stringify(record)}\n`)
    at += fs.writeSync(file, line, 0, line.length, at)
    return wait(file)
  }
  return { createTag: write, addMessage: write, close: () => fs.closeSync(file) }
}

/** Microseconds of each call, the smallest first. */
async function timed(records, call) {
  const took = []
  for (const record of records) {
    const start = performance.now()
    await call(record)
    took.push((performance.now() - start) * 1000)
  }
  return took
}

const at = (numbers, share) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length * share)]
const portion = (make, from, length = PORTION) => Array.from({ length }, (_, number) => make(from + number))
const cell = (µs) => (µs >= 100 ? Math.round(µs).toLocaleString('en') : µs.toFixed(1))
const line = (...cells) => console.log(`| ${cells.join(' | ')} |`)

const columns = {
  'quilltap-store, strict': await openStore('strict'),
  'a sync of the same bytes, awaited': openLimit(true),
  'better-sqlite3 WAL, FULL': openPeer('full'),
  'quilltap-store, batched': await openStore('batched'),
  'a write of the same bytes': openLimit(false),
  'better-sqlite3 WAL, NORMAL': openPeer('normal'),
}
const works = { createTag: world.tag, addMessage: world.message }
const took = {}
// The first round warms everything up.
for (let round = 0; round <= Number(rounds); round++) {
  for (const [work, make] of Object.entries(works)) {
    for (const [title, column] of Object.entries(columns)) {
      const some = await timed(portion(make, round * PORTION), column[work])
      if (round > 0) ((took[work] ??= {})[title] ??= []).push(...some)
    }
  }
}
console.log(`load ${os.loadavg()[0].toFixed(1)}; ${Number(rounds) * PORTION} calls each\n`)
line('µs', ...Object.keys(works).flatMap((work) => [`${work}, p50`, 'p99']))
line('---', ...Object.keys(works).flatMap(() => ['---:', '---:']))
for (const title of Object.keys(columns)) {
  line(title, ...Object.keys(works).flatMap((work) => [0.5, 0.99].map((share) => cell(at(took[work][title], share)))))
}

/** Messages that nobody has had yet. */
let next = 10_000_000
const fresh = (length) => {
  next += length
  return portion(world.message, next - length, length)
}

/** Writes as long as something goes on. */
async function during(column, work) {
  const [records, all] = [fresh(4000), []]
  let goesOn = true
  const ends = work().finally(() => (goesOn = false))
  while (goesOn && records.length > 0) all.push(...(await timed(records.splice(0, 20), column.addMessage)))
  await ends
  return all
}

const situations = {
  'at rest': async (column) => {
    await column.store.flush()
    return timed(fresh(500), column.addMessage)
  },
  'right after a bulk of 10,000': async (column) => {
    await column.store.chats.addMessages(chat, fresh(10_000))
    return timed(fresh(500), column.addMessage)
  },
  'during a flush': async (column) => {
    await column.store.characters.createMany(portion(world.character, (next += 2000), 2000))
    return during(column, () => column.store.flush())
  },
  'during a checkpoint': async (column) => {
    await column.store.characters.createMany(portion(world.character, (next += 2000), 2000))
    return during(column, () => column.store.compact())
  },
}
console.log('')
line('µs, addMessage', 'strict, p50', 'p99', '× at rest', 'batched, p50', 'p99', '× at rest')
line('---', ...Array.from({ length: 6 }, () => '---:'))
const slowest = {}
for (let round = 0; round < Number(rounds); round++) {
  for (const [name, situation] of Object.entries(situations)) {
    for (const kind of ['strict', 'batched']) {
      ;((slowest[name] ??= {})[kind] ??= []).push(...(await situation(columns[`quilltap-store, ${kind}`])))
    }
  }
}
for (const [name, kinds] of Object.entries(slowest)) {
  const cells = ['strict', 'batched'].flatMap((kind) => {
    const p99 = at(kinds[kind], 0.99)
    return [cell(at(kinds[kind], 0.5)), cell(p99), (p99 / at(slowest['at rest'][kind], 0.99)).toFixed(1)]
  })
  line(name, ...cells)
}
for (const column of Object.values(columns)) await column.close()
fs.rmSync(base, { recursive: true })
