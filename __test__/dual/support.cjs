'use strict'

// Prisma's own client on a PostgreSQL server that lives as long as this process.

const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')

const { BIN, startServer } = require('../prisma/differential/database.cjs')
const { ddl, prismaSchema } = require('../prisma/differential/schema.cjs')

/** Makes the client from the recorded tables: without any engine that would have to be downloaded. */
function generate() {
  const schema = path.join(__dirname, 'schema.prisma')
  fs.writeFileSync(schema, prismaSchema('engineType = "client"'))
  const env = { ...process.env, PRISMA_QUERY_ENGINE_LIBRARY: schema, PRISMA_SCHEMA_ENGINE_BINARY: schema }
  const file = path.join(__dirname, 'node_modules/prisma/build/index.js')
  execFileSync(process.execPath, [file, 'generate', '--schema', schema, '--no-hints'], {
    cwd: __dirname,
    env,
    stdio: 'pipe',
  })
}

const psql = (url, ...args) =>
  execFileSync(path.join(BIN, 'psql'), ['-qAt', '-v', 'ON_ERROR_STOP=1', '-d', url, ...args], { encoding: 'utf8' })

/** A server, and a function that makes databases with the app's tables. */
async function server() {
  generate()
  const url = await startServer()
  return (name) => {
    const made = url.replace(/\/postgres$/, `/${name}`)
    psql(url, '-c', `CREATE DATABASE ${name}`)
    psql(made, '-c', ddl())
    return made
  }
}

/** Prisma's own client on a database. */
function realClient(connectionString, options = {}) {
  const { PrismaClient } = require('@prisma/client')
  const { PrismaPg } = require('@prisma/adapter-pg')
  return new PrismaClient({ adapter: new PrismaPg({ connectionString, max: 8 }), errorFormat: 'minimal', ...options })
}

module.exports = { psql, realClient, server }
