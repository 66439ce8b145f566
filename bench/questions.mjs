// What a list, a page, a count and a message by its id cost among many chats, beside better-sqlite3 with the
// index for it. Run: npm run build && node bench/run.mjs --trials 1 (for the peers) && node bench/questions.mjs
// [chats] [trials]; what it prints is kept in results/questions.md.

import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { USERS, chat, count, id, makeFolder, message, time } from './folder.mjs'

const require = createRequire(import.meta.url)
const [chats, trials] = [Number(process.argv[2] ?? 20_000), Number(process.argv[3] ?? 5)]
function makeDatabase(file) {
  const db = require('better-sqlite3')(file)
  db.exec(`PRAGMA journal_mode = WAL;
    CREATE TABLE chats (id TEXT PRIMARY KEY, userId TEXT NOT NULL, updatedAt TEXT NOT NULL, data TEXT NOT NULL) STRICT;
    CREATE INDEX chatsOfUser ON chats (userId, updatedAt);
    CREATE TABLE messages (id TEXT PRIMARY KEY, chatId TEXT NOT NULL, data TEXT NOT NULL) STRICT;`)
  const putChat = db.prepare('INSERT INTO chats VALUES (?, ?, ?, ?)')
  const putMessage = db.prepare('INSERT INTO messages VALUES (?, ?, ?)')
  db.transaction(() => {
    for (const one of count(chats, (n) => chat(n))) putChat.run(one.id, one.userId, one.updatedAt, JSON.stringify(one))
    for (let n = 0; n < chats; n++) putMessage.run(message(n).id, id('c4a7', n), JSON.stringify(message(n)))
  })()
  db.close()
}

const OPEN = {
  async quilltap(dir) {
    const store = require('..').createStore({ dataDir: path.join(dir, 'data') })
    await store.open()
    const newest = { orderBy: { updatedAt: 'desc' }, take: 20 }
    return {
      list: (userId) => store.chats.findMany({ where: { userId }, ...newest }),
      page: (userId, lt) => store.chats.findMany({ where: { userId, updatedAt: { lt } }, ...newest }),
      count: (userId) => store.chats.count({ where: { userId } }),
      message: (messageId) => store.chats.findMessage(messageId),
      chat: (chatId) => store.chats.findById(chatId),
      close: () => store.close(),
    }
  },
  sqlite(dir) {
    const db = require('better-sqlite3')(path.join(dir, 'data.sqlite'))
    const parsed = (list) => list.map((data) => JSON.parse(data))
    const order = 'ORDER BY updatedAt DESC LIMIT 20'
    const list = db.prepare(`SELECT data FROM chats WHERE userId = ? ${order}`).pluck()
    const page = db.prepare(`SELECT data FROM chats WHERE userId = ? AND updatedAt < ? ${order}`).pluck()
    const counted = db.prepare('SELECT count(*) FROM chats WHERE userId = ?').pluck()
    const one = db.prepare('SELECT chatId, data FROM messages WHERE id = ?')
    const byId = db.prepare('SELECT data FROM chats WHERE id = ?').pluck()
    return {
      list: (userId) => parsed(list.all(userId)),
      page: (userId, before) => parsed(page.all(userId, before)),
      count: (userId) => counted.get(userId),
      message: (messageId) => {
        const row = one.get(messageId)
        return row ? { ...JSON.parse(row.data), chatId: row.chatId } : null
      },
      chat: (chatId) => JSON.parse(byId.get(chatId)),
      close: () => db.close(),
    }
  },
}

/** Each question with its arguments, none twice in a row; a page lies anywhere. */
const spread = (n) => (n * 7919) % chats
const QUESTIONS = {
  'a user’s 20 newest chats': ['list', (n) => [id('0', n % USERS)]],
  '20 chats before a time': ['page', (n) => [id('0', n % USERS), time(spread(n))]],
  'the 20 before an early time': ['page', (n) => [id('0', n % USERS), time(3000 + (n % 3000))]],
  'how many chats a user has': ['count', (n) => [id('0', n % USERS)]],
  'a chat by its id': ['chat', (n) => [id('c4a7', spread(n))]],
  'a message by an unknown id': ['message', (n) => [id('dead', n)]],
  'a message of 50 chats': ['message', (n) => [id('ae55', n % 50)]],
  'a message of any chat': ['message', (n) => [id('ae55', spread(n))]],
}

const OPENING = 'open, and the first list'

async function trial(peer, dir) {
  const start = performance.now()
  const store = await OPEN[peer](dir)
  await store.list(id('0', 0))
  const opened = (performance.now() - start) * 1000
  const found = { [OPENING]: [opened, opened] }
  for (const [title, [call, args]] of Object.entries(QUESTIONS)) {
    const times = []
    for (let n = 0; n < 2200; n++) {
      const given = args(n)
      const start = performance.now()
      await store[call](...given)
      // The first ones find nothing prepared.
      if (n >= 200) times.push((performance.now() - start) * 1000)
    }
    times.sort((one, other) => one - other)
    found[title] = [times[1000], times[1980]]
  }
  await store.close()
  process.stdout.write(`\n${JSON.stringify(found)}\n`)
}

function run(peer, dir) {
  const args = [fileURLToPath(import.meta.url), String(chats), String(trials), peer, dir]
  const done = spawnSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  return JSON.parse(done.stdout.trim().split('\n').at(-1))
}

const median = (list) => list.sort((one, other) => one - other)[Math.floor(list.length / 2)]

async function compare() {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'quilltap-questions-'))
  await makeFolder(path.join(dir, 'data'), chats)
  makeDatabase(path.join(dir, 'data.sqlite'))
  const peers = Object.keys(OPEN)
  const all = count(trials, () => Object.fromEntries(peers.map((peer) => [peer, run(peer, dir)])))
  fs.rmSync(dir, { recursive: true })
  console.log(`| µs, ${chats.toLocaleString('en')} chats | median | better-sqlite3 | × | p99 | better-sqlite3 |`)
  console.log('| --- | ---: | ---: | ---: | ---: | ---: |')
  for (const title of [OPENING, ...Object.keys(QUESTIONS)]) {
    const [[ours, ours99], [theirs, theirs99]] = peers.map((peer) =>
      [0, 1].map((which) => median(all.map((found) => found[peer][title][which]))),
    )
    const shown = [ours, theirs, ours / theirs, ours99, theirs99]
    console.log(`| ${title} | ${shown.map((value, at) => value.toFixed(at === 2 ? 2 : 1)).join(' | ')} |`)
  }
  console.log(`\nLoad of the machine at the end: ${os.loadavg()[0].toFixed(1)} on ${os.cpus().length} processors.`)
}

await (process.argv[4] ? trial(process.argv[4], process.argv[5]) : compare())
