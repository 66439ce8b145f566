// How long the store takes to write files out: many new characters and chats with a log each, made in one
// transaction, until the files show them (`flush`) and until they are safe and the journal is gone (`close`); beside the
// same files written by plain calls, and made durable one by one. The limit is what nobody can do without who lets a reader
// find whole files only: each is made under another name, looked at, and renamed. Run: npm run build && node bench/files.mjs [20000] [folder];
// results/files.md keeps what it said.

import fs from 'node:fs'
import { createRequire } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import * as world from './world.mjs'

const { createStore } = createRequire(import.meta.url)('..')
const [many = '20000', where = os.tmpdir()] = process.argv.slice(2)
const numbers = Array.from({ length: Number(many) }, (_, number) => number)
const base = fs.mkdtempSync(path.join(where, 'quilltap-files-'))

async function seconds(work) {
  const start = performance.now()
  await work()
  return (performance.now() - start) / 1000
}

async function byTheStore(dataDir) {
  const store = createStore({ dataDir, durability: 'batched' })
  await store.users.create(world.user())
  await store.connections.create(world.profile())
  await store.transaction(
    async (tx) => {
      await tx.characters.createMany(numbers.map((number) => world.character(number)))
      await tx.chats.createMany(numbers.map((number) => world.chat(number, number)))
      for (const number of numbers) await tx.chats.addMessage(world.chat(number).id, world.message(number))
    },
    { timeout: 600_000 },
  )
  const flush = await seconds(() => store.flush())
  return { flush, close: await seconds(() => store.close()) }
}

/** The files that the store has made, in memory. */
function filesOf(dataDir) {
  const names = fs.readdirSync(dataDir, { recursive: true })
  const files = names.filter((name) => fs.statSync(path.join(dataDir, name)).isFile() && !name.startsWith('cache/'))
  return files.map((name) => [name, fs.readFileSync(path.join(dataDir, name))])
}

async function byPlainCalls(files, dir) {
  const written = await seconds(() => {
    for (const folder of new Set(files.map(([name]) => path.dirname(name)))) {
      fs.mkdirSync(path.join(dir, folder), { recursive: true })
    }
    for (const [name, bytes] of files) fs.writeFileSync(path.join(dir, name), bytes)
  })
  const synced = await seconds(() => {
    for (const [name] of files) {
      const file = fs.openSync(path.join(dir, name), 'r+')
      fs.fsyncSync(file)
      fs.closeSync(file)
    }
  })
  return { written, synced }
}

/** Each file made where nobody looks for it, its state noted, and renamed to where nothing is. */
function byDrafts(files, dir) {
  const drafts = path.join(dir, 'drafts')
  fs.mkdirSync(drafts, { recursive: true })
  for (const folder of new Set(files.map(([name]) => path.dirname(name)))) {
    fs.mkdirSync(path.join(dir, folder), { recursive: true })
  }
  return seconds(() => {
    for (const [name, bytes] of files) {
      const draft = path.join(drafts, name.replaceAll('/', '~'))
      const file = fs.openSync(draft, 'wx', 0o600)
      fs.writeSync(file, bytes)
      fs.fstatSync(file)
      fs.closeSync(file)
      fs.renameSync(draft, path.join(dir, name))
    }
  })
}

const store = await byTheStore(path.join(base, 'store'))
const files = filesOf(path.join(base, 'store'))
const plain = await byPlainCalls(files, path.join(base, 'plain'))
const limit = await byDrafts(files, path.join(base, 'limit'))
fs.rmSync(base, { recursive: true })

const row = (what, one, other) =>
  console.log(`| ${what} | ${one.toFixed(2)} | ${other.toFixed(2)} | ${(one / other).toFixed(2)} |`)
console.log(`${files.length} files; load ${os.loadavg()[0].toFixed(1)}\n\n| s | quilltap-store | others | × |`)
console.log('| --- | ---: | ---: | ---: |')
row('until the files show it', store.flush, plain.written)
row('the same beside the limit', store.flush, limit)
row('from then until it is closed', store.close, plain.synced)
row('together', store.flush + store.close, plain.written + plain.synced)
