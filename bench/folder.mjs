// A folder with many chats, characters and messages, made from numbers and written as the store would.

import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'

const require = createRequire(import.meta.url)
export const [USERS, CHARACTERS] = [100, 1000]

export const id = (kind, number) => `${kind.padEnd(8, '0')}-0000-4000-8000-${number.toString(16).padStart(12, '0')}`
export const count = (length, make) => Array.from({ length }, (_, number) => make(number))
export const time = (number) => new Date(Date.UTC(2026, 0, 1) + number * 1000).toISOString()
const userOf = (number) => id('0', (number * 7) % USERS)
export const message = (number) => ({
  type: 'message',
  id: id('ae55', number),
  role: 'USER',
  content: 'm'.repeat(200),
  createdAt: time(number),
})
export const chat = (number, messages = 1) => ({
  id: id('c4a7', number),
  createdAt: time(number),
  updatedAt: time(number),
  userId: userOf(number),
  characterId: id('c', number % CHARACTERS),
  connectionProfileId: id('b0f', (number * 7) % USERS),
  title: `Chat ${number}`,
  tags: [],
  tagLinks: [],
  messageCount: messages,
  lastMessageAt: messages === 0 ? null : time(number),
})

/** A folder with so many chats, each with a log of one message or with none. */
export async function makeFolder(dir, chats, { logs = true } = {}) {
  const { createStore } = require('..')
  const store = createStore({ dataDir: dir })
  await store.users.createMany(count(USERS, (n) => ({ id: id('0', n), email: `${n}@example.test` })))
  const profile = (n) => ({ id: id('b0f', n), userId: id('0', n), name: 'Local', provider: 'OLLAMA', modelName: 'm' })
  await store.connections.createMany(count(USERS, profile))
  const texts = { description: '', personality: '', scenario: '', firstMessage: '' }
  const character = (n) => ({ id: id('c', n), userId: id('0', n % USERS), name: `C ${n}`, ...texts })
  await store.characters.createMany(count(CHARACTERS, character))
  await store.close()
  fs.mkdirSync(path.join(dir, 'chats'))
  const write = (name, schema, rows) => {
    const lines = [{ type: 'header', schema, version: 1 }, ...rows].map((row) => `${JSON.stringify(row)}\n`)
    fs.writeFileSync(path.join(dir, 'chats', name), lines.join(''))
  }
  const rows = count(chats, (n) => chat(n, logs ? 1 : 0))
  write('index.jsonl', 'chats/index', rows)
  for (let n = 0; logs && n < chats; n++) write(`${id('c4a7', n)}.jsonl`, 'chats/log', [message(n)])
}
