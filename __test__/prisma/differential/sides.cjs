'use strict'

// Prisma's client on PostgreSQL and ours, on the same rows.

const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { PrismaClient, Prisma } = require('../../../prisma.js')
const { loadWorld, world } = require('../oracle/cases.cjs')
const { keyOf, names, started } = require('./calls.cjs')
const { realClient } = require('./database.cjs')

// What has expired is removed when a store is opened, which Prisma leaves to the app.
for (const row of [...world.rows.Session, ...world.rows.VerificationToken])
  row.expires = { $date: '2099-01-01T00:00:00.000Z' }

const WRITES = new Set('create createMany update updateMany upsert delete deleteMany'.split(' '))

const isRecent = (time) => time instanceof Date && Math.abs(time.getTime() - Date.now()) < 600_000

/** An answer in the form of `../oracle/`: times are named, the present only as such. */
function encoded(value) {
  if (value instanceof Date) return isRecent(value) ? { $now: 1 } : { $date: value.toISOString() }
  if (Array.isArray(value)) return value.map(encoded)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, encoded(field)]))
}

async function outcome(client, asked) {
  try {
    return { value: encoded(await started(client, asked)) }
  } catch (error) {
    return { error: { name: error.name, code: error.code ?? null } }
  }
}

const orderOf = (model) => keyOf(model).map((name) => ({ [name]: 'asc' }))
const rowsOf = (model, where) => ({ model, method: 'findMany', args: { where, orderBy: orderOf(model) } })

/** What an outcome is, without its values. */
const kindOf = ({ value, error }) => (error ? (error.code ?? error.name) : Array.isArray(value) ? 'rows' : typeof value)

class Sides {
  #real
  #root
  #ours
  #folders = 0
  #isChanged = true

  static async open() {
    const sides = new Sides()
    sides.#root = fs.mkdtempSync(path.join(os.tmpdir(), 'quilltap-differential-'))
    process.on('exit', () => fs.rmSync(sides.#root, { recursive: true, force: true }))
    sides.#real = await realClient()
    const client = sides.#clientOn('world')
    await loadWorld(client, Prisma)
    await client.$disconnect()
    return sides
  }

  #clientOn(name) {
    return new PrismaClient({ dataDir: path.join(this.#root, name), durability: 'batched', errorFormat: 'minimal' })
  }

  /** Brings both to the world, where calls have changed it. */
  async #begin() {
    if (!this.#isChanged) return
    this.#isChanged = false
    await this.#real.empty()
    await loadWorld(this.#real.client, this.#real.Prisma)
    await this.#leave()
    this.#folders++
    fs.cpSync(path.join(this.#root, 'world'), path.join(this.#root, String(this.#folders)), { recursive: true })
    this.#ours = this.#clientOn(String(this.#folders))
  }

  async #leave() {
    await this.#ours?.$disconnect()
    fs.rmSync(path.join(this.#root, String(this.#folders)), { recursive: true, force: true })
  }

  async #both(asked) {
    this.#isChanged ||= WRITES.has(asked.method)
    const [expected, got] = [await outcome(this.#real.client, asked), await outcome(this.#ours, asked)]
    if (WRITES.has(asked.method)) return [expected, got]
    // Asked again, the answer may be a copy of one that was kept.
    const again = await outcome(this.#ours, asked)
    return [expected, JSON.stringify(again) === JSON.stringify(got) ? got : { first: got, again }]
  }

  /** The call after which the two differ, of what kind that is, and what Prisma answers; none where they agree. */
  async difference(calls) {
    await this.#begin()
    for (const asked of calls) {
      const [expected, got] = await this.#both(asked)
      if (JSON.stringify(expected) !== JSON.stringify(got))
        return { asked, kind: `${asked.model}.${asked.method}: ${kindOf(expected)} and ${kindOf(got)}` }
    }
    if (!this.#isChanged) return undefined
    return this.#differentRow(calls)
  }

  async #differentRow(calls) {
    for (const model of names) {
      const [expected, got] = await this.#both(rowsOf(model))
      if (JSON.stringify(expected) === JSON.stringify(got)) continue
      const kind = `${model} after ${calls.map(({ model, method }) => `${model}.${method}`).at(-1)}`
      return { asked: rowsOf(model, rowThatDiffers(model, expected.value, got.value)), kind }
    }
    return undefined
  }

  /** Calls as cases of the oracle: what Prisma answers, up to what differs. */
  async cases(unit, calls) {
    const differs = await this.difference(calls)
    const asked = differs === undefined || calls.includes(differs.asked) ? calls : [...calls, differs.asked]
    this.#isChanged = true
    await this.#begin()
    const cases = []
    for (const one of asked) {
      const [{ value, error }] = await this.#both(one)
      const expect = error ? { error } : { value }
      const id = `${unit}-${cases.length + 1}`
      const { model, method, args } = one
      cases.push({
        id,
        group: 'found',
        unit,
        note: differs?.kind,
        writes: true,
        model,
        method,
        args: encoded(args),
        expect,
      })
    }
    return cases
  }

  async close() {
    await this.#leave()
    await this.#real.close()
  }
}

/** What names the first row that only one side has, or has otherwise. */
function rowThatDiffers(model, expected, got) {
  const texts = new Set(got.map((row) => JSON.stringify(row)))
  const row =
    expected.find((row) => !texts.has(JSON.stringify(row))) ??
    got.find((row) => !expected.some((other) => other[keyOf(model)[0]] === row[keyOf(model)[0]]))
  return row && Object.fromEntries(keyOf(model).map((name) => [name, row[name]]))
}

module.exports = { Sides, WRITES }
