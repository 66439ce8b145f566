// Prisma on PostgreSQL, as the app had it, where a DATABASE_URL is given. What is a folder for the others
// is a schema of that database here. `node peers/prisma.mjs drop` removes them all.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { over } from './over-prisma.mjs'

export const classes = { on: 'durable', off: 'process' }

const place = new URL('../prisma/', import.meta.url)
const require = createRequire(new URL('package.json', place))
const { Prisma, PrismaClient } = require('@prisma/client')
const { PrismaPg } = require('@prisma/adapter-pg')
const { Client } = require('pg')

const PREFIX = 'quilltap_bench_'
const connectionString = process.env.DATABASE_URL

async function withClient(work) {
  const client = new Client({ connectionString })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

export async function open(dir, synchronousCommit) {
  const schema =
    PREFIX +
    path
      .basename(dir)
      .toLowerCase()
      .replace(/[^a-z0-9]/g, '_')
  const options = `-c synchronous_commit=${synchronousCommit} -c search_path=${schema}`
  // Made once: an app that starts finds its tables.
  const made = path.join(dir, 'schema')
  if (!existsSync(made)) {
    await withClient(async (client) => {
      await client.query(`CREATE SCHEMA ${schema}; SET search_path TO ${schema}`)
      await client.query(readFileSync(new URL('tables.sql', place), 'utf8'))
    })
    writeFileSync(made, schema)
  }
  const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString, options }, { schema }) })
  return over(prisma, Prisma.DbNull)
}

if (process.argv[1] === fileURLToPath(import.meta.url) && process.argv[2] === 'drop') {
  await withClient(async (client) => {
    const found = await client.query('SELECT nspname FROM pg_namespace WHERE starts_with(nspname, $1)', [PREFIX])
    for (const { nspname } of found.rows) await client.query(`DROP SCHEMA "${nspname}" CASCADE`)
  })
  process.stdout.write('null\n')
}
