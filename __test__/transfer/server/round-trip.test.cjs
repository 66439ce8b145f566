'use strict'

// Rows of a PostgreSQL server go into a store and come back the same, whatever the time zone. PostgreSQL
// itself compares. The server is Debian's; .ci/run installs it.

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { before, test } = require('node:test')

const { folder, run } = require('../../cli/support.cjs')
const { BIN, startServer } = require('../../prisma/differential/database.cjs')
const { ddl } = require('../../prisma/differential/schema.cjs')
const { dump, models, odd, recorded } = require('../worlds.cjs')

const psql = (database, ...args) =>
  execFileSync(path.join(BIN, 'psql'), ['-qAt', '-v', 'ON_ERROR_STOP=1', '-d', database, ...args], { encoding: 'utf8' })

let server
const databaseUrl = (name) => server.replace(/\/postgres$/, `/${name}`)

/** A new database with the app's tables. */
function database(name) {
  psql(server, '-c', `CREATE DATABASE ${name}`)
  psql(databaseUrl(name), '-c', ddl())
  return databaseUrl(name)
}

function load(url, text) {
  const file = path.join(folder(), 'rows.sql')
  fs.writeFileSync(file, text)
  psql(url, '-f', file)
}

before(async () => {
  server = await startServer()
})

function futureWorld() {
  const rows = structuredClone(recorded.rows)
  for (const row of [...rows.Session, ...rows.VerificationToken]) row.expires = { $date: '2999-01-01T00:00:00.000Z' }
  return rows
}

/** The rows of every table, as PostgreSQL compares them: `1.10` and `1.1` are one number in jsonb. */
const rowsOf = (url) =>
  Object.fromEntries(
    Object.values(models).map(({ table }) => {
      const rows = psql(url, '-c', `SELECT to_jsonb(t) #>> '{}' FROM "${table}" t`)
      return [
        table,
        rows
          .trim()
          .split('\n')
          .map((row) => (row ? JSON.parse(row) : null)),
      ]
    }),
  )

const sorted = (tables) =>
  Object.fromEntries(
    Object.entries(tables).map(([table, rows]) => [table, rows.map((row) => JSON.stringify(row)).sort()]),
  )

const worlds = { recorded: () => dump(futureWorld()), odd: () => dump(odd()) }

for (const [name, text] of Object.entries(worlds)) {
  for (const TZ of ['UTC', 'America/New_York', 'Asia/Kolkata']) {
    test(`${name}, ${TZ}`, () => {
      const zone = TZ.replace('/', '_').toLowerCase()
      const [from, to] = [database(`${name}_${zone}_from`), database(`${name}_${zone}_to`)]
      load(from, text())
      const dir = folder()
      const data = path.join(dir, 'data')
      const env = { TZ }
      // What Prisma's addresses have besides is no obstacle.
      const source = `${from}?schema=public&connection_limit=1&sslmode=prefer`
      const imported = run(['import', source, '--data-dir', data, '--json'], { env })
      assert.equal(imported.code, 0, imported.stdout + imported.stderr)
      const verified = run(['verify', source, '--data-dir', data, '--json'], { env })
      assert.equal(verified.code, 0, verified.stdout)
      const back = path.join(dir, 'back.sql')
      assert.equal(run(['export', '--format', 'postgres', '--out', back, '--data-dir', data], { env }).code, 0)
      psql(to, '-f', back)
      assert.deepEqual(sorted(rowsOf(to)), sorted(rowsOf(from)))
      // A dump of the same database is the same source.
      const dumped = path.join(dir, 'dump.sql')
      execFileSync(path.join(BIN, 'pg_dump'), ['-f', dumped, from])
      assert.equal(run(['verify', dumped, '--data-dir', data]).code, 0)
    })
  }
}

test('rows that the database got since come back over the old ones', () => {
  const url = database('cut_over')
  load(url, worlds.recorded())
  const dir = folder()
  const [data, back] = [path.join(dir, 'data'), path.join(dir, 'back.sql')]
  assert.equal(run(['import', url, '--data-dir', data]).code, 0)
  psql(url, '-c', `UPDATE users SET name = 'older'; DELETE FROM tags`)
  assert.equal(run(['export', '--format', 'postgres', '--replace', '--out', back, '--data-dir', data]).code, 0)
  psql(url, '-f', back)
  assert.equal(run(['verify', url, '--data-dir', data]).code, 0)
})

test('what cannot come over is told with its key, and nothing is written', () => {
  const url = database('problems')
  load(url, worlds.recorded())
  const user = recorded.rows.User[0].id
  psql(
    url,
    '-c',
    `INSERT INTO users (id, email, "totpEnabled", "createdAt", "updatedAt")
    VALUES ('twin', 'ADA@example.test', false, 'infinity', '0044-01-01 BC')`,
  )
  psql(url, '-c', `UPDATE characters SET "sillyTavernData" = '{"n": 1e400}' WHERE "userId" = '${user}'`)
  const data = path.join(folder(), 'data')
  const { code, stdout } = run(['import', url, '--data-dir', data, '--json'])
  assert.equal(code, 1)
  const { problems } = JSON.parse(stdout)
  const told = problems.told.map(({ table, key, column }) => `${table} ${key} ${column}`)
  assert.ok(told.includes('users twin createdAt') && told.includes('users twin updatedAt'))
  assert.ok(told.some((text) => /^characters \S+ sillyTavernData$/.test(text)))
  assert.ok(!fs.existsSync(data))
})

test('a server that is not there, a wrong address, a password that is told nobody', () => {
  const data = path.join(folder(), 'data')
  for (const [url, code] of [
    ['postgresql://u:geheim@127.0.0.1:1/db', 3],
    ['postgresql://u:geheim@127.0.0.1/db?sslmode=perhaps', 3],
    [`${databaseUrl('no_such_database')}`, 3],
  ]) {
    const ended = run(['import', url, '--data-dir', data])
    assert.equal(ended.code, code, ended.stderr)
    assert.ok(!(ended.stdout + ended.stderr).includes('geheim'))
  }
})
