// The same client over three databases: ours, Prisma 7 on PostgreSQL (DATABASE_URL), and Prisma 7 on
// better-sqlite3. Each comes in two forms: durable when a call returns, and durable soon after.

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import * as schema from './schema.mjs'

const here = path.dirname(fileURLToPath(import.meta.url))
const require = createRequire(import.meta.url)

/** Makes a client of a schema once; `prisma generate` would download a program that it does not need. */
export function generate(name, schemaFor) {
  const output = path.join(here, 'generated', name)
  if (!existsSync(path.join(output, 'index.js'))) {
    mkdirSync(output, { recursive: true })
    const file = path.join(here, 'generated', `${name}.prisma`)
    writeFileSync(file, schemaFor(output))
    const env = { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath }
    const prisma = path.join(here, 'node_modules/prisma/build/index.js')
    execFileSync(process.execPath, [prisma, 'generate', '--schema', file], {
      cwd: here,
      env,
      stdio: ['ignore', 'ignore', 'inherit'],
    })
  }
  return require(path.join(output, 'index.js'))
}

const generated = (provider) => generate(provider, (output) => schema.prismaSchema(provider, output))

async function ours(dir, durability) {
  const { PrismaClient } = require('../../prisma.js')
  return new PrismaClient({ dataDir: dir, durability })
}

/** Makes an empty schema, in which `sql` then runs. */
async function emptySchema(dir, sql = '') {
  const { Client } = require('pg')
  const name = `quilltap_clients_${path.basename(dir)}`
  const admin = new Client({ connectionString: process.env.DATABASE_URL })
  await admin.connect()
  await admin.query(`DROP SCHEMA IF EXISTS ${name} CASCADE; CREATE SCHEMA ${name}; SET search_path TO ${name}`)
  await admin.query(sql)
  await admin.end()
  return name
}

async function inDatabase(dir) {
  const address = new URL(process.env.DATABASE_URL)
  address.searchParams.set('schema', await emptySchema(dir))
  const { PrismaClient } = require('../../prisma.js')
  return new PrismaClient({ database: address.href })
}

async function postgresql(dir, synchronousCommit) {
  const { PrismaPg } = require('@prisma/adapter-pg')
  const connectionString = process.env.DATABASE_URL
  const name = await emptySchema(dir, schema.postgresql())
  const options = `-c synchronous_commit=${synchronousCommit} -c search_path=${name}`
  const { PrismaClient } = generated('postgresql')
  return new PrismaClient({ adapter: new PrismaPg({ connectionString, options }, { schema: name }) })
}

async function sqlite(dir, synchronous) {
  const Database = require('better-sqlite3')
  const { PrismaBetterSqlite3 } = require('@prisma/adapter-better-sqlite3')
  mkdirSync(dir, { recursive: true })
  const file = path.join(dir, 'db.sqlite')
  const database = new Database(file)
  database.pragma('journal_mode = WAL')
  database.exec(schema.sqlite())
  database.close()
  const { PrismaClient } = generated('sqlite')
  const client = new PrismaClient({ adapter: new PrismaBetterSqlite3({ url: `file:${file}` }) })
  await client.$queryRawUnsafe(`PRAGMA synchronous = ${synchronous}`)
  return client
}

/** Ours in the same PostgreSQL as Prisma's: `npm start -- --same-database`. */
const SAME_DATABASE = [
  { title: 'quilltap-store in PostgreSQL', open: inDatabase, needs: 'DATABASE_URL' },
  { title: 'Prisma 7 on PostgreSQL', open: (dir) => postgresql(dir, 'on'), needs: 'DATABASE_URL' },
]
const EACH_ITS_OWN = [
  { title: 'quilltap-store, strict', open: (dir) => ours(dir, 'strict') },
  { title: 'Prisma 7 on PostgreSQL', open: (dir) => postgresql(dir, 'on'), needs: 'DATABASE_URL' },
  { title: 'Prisma 7 on better-sqlite3, FULL', open: (dir) => sqlite(dir, 'FULL') },
  { title: 'quilltap-store, batched', open: (dir) => ours(dir, 'batched') },
  { title: 'Prisma 7 on PostgreSQL, commit off', open: (dir) => postgresql(dir, 'off'), needs: 'DATABASE_URL' },
  { title: 'Prisma 7 on better-sqlite3, NORMAL', open: (dir) => sqlite(dir, 'NORMAL') },
]
export const inSameDatabase = process.argv.includes('--same-database')
export const SIDES = (inSameDatabase ? SAME_DATABASE : EACH_ITS_OWN).filter(
  ({ needs }) => needs === undefined || process.env[needs],
)

/** How durable the server is that `DATABASE_URL` names. */
export async function settings() {
  if (process.env.DATABASE_URL === undefined) return 'none'
  const { Client } = require('pg')
  const client = new Client({ connectionString: process.env.DATABASE_URL })
  await client.connect()
  const { rows } = await client.query("SELECT version(), current_setting('fsync') AS fsync")
  await client.end()
  return `${rows[0].version.split(' ').slice(0, 2).join(' ')}, fsync ${rows[0].fsync}`
}

export const versions = () => {
  const version = (name) =>
    JSON.parse(readFileSync(path.join(here, 'node_modules', name, 'package.json'), 'utf8')).version
  return ['@prisma/client', 'better-sqlite3', 'pg'].map((name) => `${name} ${version(name)}`).join(', ')
}
