// How long the event loop stands still while the store works: 10,000 strict writes, a bulk, a scan of 200,000
// records, opening, checkpointing, converting. While each work goes on, a reader asks for a record every
// millisecond, as a server's requests would. Run: npm run build && node bench/stalls.mjs [trials] [work,work];
// what it prints is kept in results/stalls.md.
//
// Three things are told apart. `loop` is `monitorEventLoopDelay`: how late a timer is. `gc` is how long the garbage
// collector held the thread. `call` is the longest that the store itself held it: the time from a call to its
// promise. `twin` is a process that does nothing at the same time: how late its timers are is the machine's doing.

import { spawn, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { PerformanceObserver, monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { USERS, chat, count, id, makeFolder, time } from './folder.mjs'

const require = createRequire(import.meta.url)
const RECORDS = 200_000
const [trials, only, ...rest] = process.argv.slice(2)

const ms = (nanoseconds) => nanoseconds / 1e6
const open = (dir, more) => require('..').createStore({ dataDir: dir, ...more })

/** How late the timers of this process are. */
function watchLoop() {
  const resolution = 1
  const histogram = monitorEventLoopDelay({ resolution })
  histogram.enable()
  return () => {
    histogram.disable()
    const late = (value) => Math.max(0, ms(value) - resolution)
    return { late: late(histogram.percentile(99.9)), latest: late(histogram.max) }
  }
}

function watchCollector() {
  const pauses = []
  const observer = new PerformanceObserver((list) => pauses.push(...list.getEntries().map((entry) => entry.duration)))
  observer.observe({ entryTypes: ['gc'] })
  return () => {
    observer.disconnect()
    return { gc: Math.max(0, ...pauses) }
  }
}

/** Counts how long calls hold this thread. */
function stopwatch() {
  const held = []
  const timed = (call) => {
    const start = performance.now()
    const promise = call()
    held.push(performance.now() - start)
    return promise
  }
  const end = () => {
    held.sort((one, other) => one - other)
    return { call: held.at(Math.floor(held.length * 0.999)) ?? 0, longest: held.at(-1) ?? 0, calls: held.length }
  }
  return { timed, end }
}

/** Measures a work, with a reader beside it. */
async function measure(work, read) {
  const { timed, end } = stopwatch()
  const ends = [watchLoop(), watchCollector(), end]
  const begun = performance.now()
  let isOver = false
  const over = Promise.resolve(work(timed)).finally(() => (isOver = true))
  let number = 0
  while (!isOver) {
    await Promise.all([sleep(1), read && timed(() => read(number++))])
  }
  await over
  await sleep(5)
  return Object.assign({ took: performance.now() - begun }, ...ends.map((end) => end()))
}

const readOf = (store) => (number) => store.chats.findById(id('c4a7', (number * 7919) % RECORDS))
const line = (number) => ({ role: 'USER', content: `${number} `.repeat(60) })
/** So many at a time. */
const lanes = (calls, width, call) =>
  Promise.all(
    count(width, async (lane) => {
      for (let at = lane; at < calls; at += width) await call(at)
    }),
  )

async function withStore(dir, work, more) {
  const store = open(dir, more)
  await store.open()
  // Everything has been looked at once.
  for (let number = 0; number < 200; number++) await readOf(store)(number)
  await sleep(200)
  const found = await work(store)
  await store.close()
  return found
}

const addMessage = (store, timed) => (n) => timed(() => store.chats.addMessage(id('c4a7', n % 64), line(n)))

const WORKS = {
  '10,000 strict writes, 64 at once': (dir) =>
    withStore(dir, (store) => measure((timed) => lanes(10_000, 64, addMessage(store, timed)), readOf(store))),
  '10,000 batched writes, one after another': (dir) =>
    withStore(dir, (store) => measure((timed) => lanes(10_000, 1, addMessage(store, timed)), readOf(store)), {
      durability: 'batched',
    }),
  'a bulk of 10,000 messages': (dir) =>
    withStore(dir, (store) => {
      const many = count(10_000, line)
      return measure((timed) => timed(() => store.chats.addMessages(id('c4a7', 1), many)), readOf(store))
    }),
  'scans of 200,000 records, with writes beside': (dir) =>
    withStore(dir, (store) => {
      const scan = (n) => store.chats.findMany({ where: { title: { contains: `9${n}9` } }, take: 20, skip: 1000 })
      return measure(
        (timed) =>
          Promise.all([
            lanes(10, 1, (n) => timed(() => scan(n))),
            lanes(200, 1, async (n) => {
              await addMessage(store, timed)(n)
              await sleep(2)
            }),
          ]),
        readOf(store),
      )
    }),
  opening: (dir) => {
    const store = open(dir)
    return measure((timed) => timed(() => store.open())).then((found) => store.close().then(() => found))
  },
  'a checkpoint of 2,000 logs': (dir) =>
    withStore(dir, async (store) => {
      await lanes(2000, 64, (n) => store.chats.addMessage(id('c4a7', n), line(n)))
      return measure((timed) => timed(() => store.compact()), readOf(store))
    }),
  'converting 20,000 chats of an older store': async (dir) => {
    const older = makeOlder(path.join(dir, '..', 'older'))
    const store = open(older)
    await store.open()
    const tag = { userId: id('0', 0), name: 'first' }
    const found = await measure((timed) => timed(() => store.tags.create(tag)), readOf(store))
    await store.close()
    fs.rmSync(older, { recursive: true })
    return found
  },
}

/** A folder as the app's earlier store left it. */
function makeOlder(dir) {
  const write = (name, text) => {
    fs.mkdirSync(path.dirname(path.join(dir, name)), { recursive: true })
    fs.writeFileSync(path.join(dir, name), text)
  }
  const user = { id: id('0', 0), email: 'a@example.test', createdAt: time(0), updatedAt: time(0) }
  write('settings/general.json', JSON.stringify({ version: 1, user, chatSettings: null }, null, 2))
  const rows = count(20_000, (n) => JSON.stringify({ ...chat(n, 0), userId: user.id }))
  write('chats/index.jsonl', `${rows.join('\n')}\n`)
  return dir
}

async function trial(name, dir) {
  process.stdout.write(`\n${JSON.stringify(await WORKS[name](dir))}\n`)
}

/** Does nothing until it is told to end. */
async function twin() {
  const end = watchLoop()
  await new Promise((resolve) => process.stdin.once('end', resolve).resume())
  process.stdout.write(JSON.stringify(end()))
}

async function beside(child) {
  const other = spawn(process.execPath, [fileURLToPath(import.meta.url), 'twin'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const said = new Promise((resolve) => {
    let text = ''
    other.stdout.on('data', (data) => (text += data)).on('close', () => resolve(text))
  })
  await sleep(100)
  const found = await child()
  other.stdin.end()
  return { ...found, twin: JSON.parse(await said).late }
}

function run(name, dir) {
  const args = [fileURLToPath(import.meta.url), 'trial', name, dir]
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    child.stdout.on('data', (data) => (text += data))
    child.on('close', () => resolve(JSON.parse(text.trim().split('\n').at(-1))))
  })
}

const median = (list) => list.sort((one, other) => one - other)[Math.floor(list.length / 2)]

async function compare() {
  const base = fs.mkdtempSync(path.join(os.tmpdir(), 'quilltap-stalls-'))
  const made = path.join(base, 'made')
  await makeFolder(made, RECORDS, { logs: false })
  const names = Object.keys(WORKS).filter((name) => !only || only.split(',').some((part) => name.includes(part)))
  const all = new Map(names.map((name) => [name, []]))
  for (let at = 0; at < Number(trials ?? 3); at++) {
    for (const name of names) {
      const dir = path.join(base, 'data')
      spawnSync('cp', ['-r', made, dir])
      all.get(name).push(await beside(() => run(name, dir)))
      fs.rmSync(dir, { recursive: true })
    }
  }
  fs.rmSync(base, { recursive: true })
  const columns = {
    call: 'call p99.9',
    longest: 'longest',
    late: 'loop p99.9',
    latest: 'latest',
    gc: 'gc',
    twin: 'twin p99.9',
    took: 'took',
  }
  console.log(`| ms, beside ${RECORDS.toLocaleString('en')} chats | ${Object.values(columns).join(' | ')} |`)
  console.log(
    `| --- | ${Object.keys(columns)
      .map(() => '---:')
      .join(' | ')} |`,
  )
  for (const [name, found] of all) {
    const cells = Object.keys(columns).map((column) => median(found.map((one) => one[column])).toFixed(1))
    console.log(`| ${name} | ${cells.join(' | ')} |`)
  }
  console.log(
    `\nLoad of the machine at the end: ${os.loadavg()[0].toFixed(1)} on ${os.cpus().length} processors; ${USERS} users.`,
  )
}

if (trials === 'twin') await twin()
else if (trials === 'trial') await trial(only, ...rest)
else await compare()
