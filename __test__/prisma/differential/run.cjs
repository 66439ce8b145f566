'use strict'

// Asks Prisma's own client on PostgreSQL and ours the same, at random, until a time is over or they
// differ; what differs is made as small as it can be, and printed as a case of `../oracle/`.
//
//   npm ci && node run.cjs [--seconds 60] [--seed N]

const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const fc = require('fast-check')
const { PrismaClient, Prisma } = require('../../../prisma.js')
const { loadWorld, world } = require('../oracle/cases.cjs')
const { call, keyOf, names, started } = require('./calls.cjs')
const { realClient } = require('./database.cjs')

// What has expired is removed when a store is opened, which Prisma leaves to the app.
for (const row of [...world.rows.Session, ...world.rows.VerificationToken])
  row.expires = { $date: '2099-01-01T00:00:00.000Z' }

const option = (name, fallback) => {
  const at = process.argv.indexOf(`--${name}`)
  return at < 0 ? fallback : Number(process.argv[at + 1])
}

/** Folders with the world in them, for our client: each is a copy of the first. */
async function worlds() {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'quilltap-differential-'))
  process.on('exit', () => fs.rmSync(root, { recursive: true, force: true }))
  const open = (dataDir) => new PrismaClient({ dataDir, durability: 'batched', errorFormat: 'minimal' })
  const first = path.join(root, 'world')
  const client = open(first)
  await loadWorld(client, Prisma)
  await client.$disconnect()
  let last = 0
  return () => {
    const dataDir = path.join(root, String(++last))
    fs.cpSync(first, dataDir, { recursive: true })
    return { client: open(dataDir), remove: () => fs.rmSync(dataDir, { recursive: true }) }
  }
}

/** An answer as text, in which the time of the call is no longer told. */
function shown(value) {
  const recent = (time) => Math.abs(time - Date.now()) < 600_000
  return JSON.stringify(value, function (key, text) {
    return this[key] instanceof Date && recent(this[key].getTime()) ? 'now' : text
  })
}

async function outcome(client, asked) {
  try {
    return shown(await started(client, asked))
  } catch (error) {
    return `${error.name} ${error.code ?? ''}`
  }
}

/** Every row of every table. */
async function everything(client) {
  const all = {}
  for (const model of names) {
    all[model] = await started(client, {
      model,
      method: 'findMany',
      args: { orderBy: keyOf(model).map((name) => ({ [name]: 'asc' })) },
    })
  }
  return shown(all)
}

const WRITES = new Set(['create', 'createMany', 'update', 'updateMany', 'upsert', 'delete', 'deleteMany'])

/** Asks both the same calls, from the same world; throws at the first difference. */
async function compare(real, newWorld, calls) {
  await real.empty()
  await loadWorld(real.client, real.Prisma)
  const ours = newWorld()
  try {
    for (const asked of calls) {
      const [expected, got] = [await outcome(real.client, asked), await outcome(ours.client, asked)]
      if (expected !== got) throw new Error(`${asked.model}.${asked.method}:\n  Prisma ${expected}\n  ours   ${got}`)
    }
    if (!calls.some(({ method }) => WRITES.has(method))) return
    const [expected, got] = [await everything(real.client), await everything(ours.client)]
    if (expected !== got) throw new Error(`the tables afterwards:\n${firstDifference(expected, got)}`)
  } finally {
    await ours.client.$disconnect()
    ours.remove()
  }
}

function firstDifference(expected, got) {
  let at = 0
  while (expected[at] === got[at]) at++
  const around = (text) => text.slice(Math.max(0, at - 120), at + 120)
  return `  Prisma …${around(expected)}…\n  ours   …${around(got)}…`
}

async function main() {
  process.env.TZ = 'UTC'
  const real = await realClient()
  const newWorld = await worlds()
  let runs = 0
  const property = fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 6 }), (calls) => {
    runs++
    return compare(real, newWorld, calls)
  })
  const seed = option('seed', Date.now() % 2 ** 31)
  const limit = option('seconds', 60) * 1000
  const result = await fc.check(property, {
    seed,
    numRuns: 1e9,
    interruptAfterTimeLimit: limit,
    markInterruptAsFailure: false,
    skipAllAfterTimeLimit: limit * 3,
  })
  await real.close()
  console.log(`seed ${seed}: ${runs} sequences of calls`)
  if (!result.failed) return
  const [calls] = result.counterexample
  console.log(calls.map((asked) => JSON.stringify(asked)).join('\n'))
  console.log(result.errorInstance?.message ?? result.error)
  process.exitCode = 1
}

main()
