// Reads and single writes where a process is not alone: two of them on one folder, and one beside two that only spin, which
// is what a small server of two processors has. Run: npm run build && node bench/crowded.mjs [rounds] [folder];
// results/crowded.md keeps what it said.

import { spawn } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import * as world from './world.mjs'

const [rounds = '3', where = os.tmpdir(), ...inChild] = process.argv.slice(2)
const [SESSIONS, READS, WRITES] = [1000, 2000, 400]
const COLUMNS = {
  'quilltap-store, strict': ['quilltap', 'strict'],
  'better-sqlite3 WAL, FULL': ['sqlite', 'full'],
  'quilltap-store, batched': ['quilltap', 'batched'],
  'better-sqlite3 WAL, NORMAL': ['sqlite', 'normal'],
}
const SITUATIONS = {
  alone: { workers: 1, spinning: 0 },
  'two processes at once': { workers: 2, spinning: 0 },
  'beside two that spin': { workers: 1, spinning: 2 },
}
const open = async (peer, kind, dir) => (await import(`./peers/${peer}.mjs`)).open(dir, kind)

/** Microseconds of each call. */
async function timed(calls, call) {
  const took = []
  for (let number = 0; number < calls; number++) {
    const start = performance.now()
    await call(number)
    took.push((performance.now() - start) * 1000)
  }
  return took
}

/** What a process does that is measured, once the other ones are there too. */
async function work(peer, kind, dir, first) {
  const store = await open(peer, kind, dir)
  const read = (number) => store.getSessionAndUser(world.session((number * 7) % SESSIONS).sessionToken)
  await timed(READS, read)
  process.send('ready')
  await new Promise((resolve) => process.once('message', resolve))
  const reads = await timed(READS, read)
  const writes = await timed(WRITES, (number) => store.createTag(world.tag(Number(first) + number)))
  await store.close()
  process.send({ reads, writes })
  process.disconnect()
}

const said = (child) => new Promise((resolve, reject) => child.once('message', resolve).once('error', reject))

let made = 0
async function measure([peer, kind], { workers, spinning }, dir) {
  const spinners = Array.from({ length: spinning }, () => spawn(process.execPath, ['-e', 'for (;;);']))
  const file = fileURLToPath(import.meta.url)
  const children = Array.from({ length: workers }, () =>
    spawn(process.execPath, [file, rounds, where, peer, kind, dir, String((made += WRITES))], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    }),
  )
  await Promise.all(children.map(said))
  const ends = children.map(said)
  for (const child of children) child.send('go')
  const found = await Promise.all(ends)
  for (const spinner of spinners) spinner.kill()
  return { reads: found.flatMap(({ reads }) => reads), writes: found.flatMap(({ writes }) => writes) }
}

const part = (numbers, share) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length * share)]
const cell = (µs) => (µs >= 100 ? Math.round(µs).toLocaleString('en') : µs.toFixed(1))

async function compare() {
  const base = fs.mkdtempSync(path.join(where, 'quilltap-crowded-'))
  const folders = {}
  for (const [title, [peer, kind]] of Object.entries(COLUMNS)) {
    folders[title] = path.join(base, `${peer}-${kind}`)
    fs.mkdirSync(folders[title])
    const store = await open(peer, kind, folders[title])
    const sessions = Array.from({ length: SESSIONS }, (_, number) => world.session(number))
    await store.seed({ users: [world.user()], profiles: [world.profile()], sessions })
    await store.close()
  }
  const all = {}
  for (let round = 0; round < Number(rounds); round++) {
    for (const [name, situation] of Object.entries(SITUATIONS)) {
      for (const [title, column] of Object.entries(COLUMNS)) {
        const { reads, writes } = await measure(column, situation, folders[title])
        const kept = ((all[name] ??= {})[title] ??= { reads: [], writes: [] })
        kept.reads.push(...reads)
        kept.writes.push(...writes)
      }
    }
  }
  fs.rmSync(base, { recursive: true })
  console.log(`load ${os.loadavg()[0].toFixed(1)} at the end\n`)
  console.log('| µs | | session, p50 | p99 | createTag, p50 | p99 |\n| --- | --- | ---: | ---: | ---: | ---: |')
  for (const [name, columns] of Object.entries(all)) {
    for (const [title, { reads, writes }] of Object.entries(columns)) {
      const cells = [reads, writes].flatMap((some) => [cell(part(some, 0.5)), cell(part(some, 0.99))])
      console.log(`| ${name} | ${title} | ${cells.join(' | ')} |`)
    }
  }
}

await (inChild.length > 0 ? work(...inChild) : compare())
