'use strict'

// Prisma's own client on a PostgreSQL server that lives as long as this process.

const { execFileSync } = require('node:child_process')
const path = require('node:path')

const { BIN, generate, startServer } = require('../prisma/differential/database.cjs')
const { ddl } = require('../prisma/differential/schema.cjs')

const psql = (url, ...args) =>
  execFileSync(path.join(BIN, 'psql'), ['-qAt', '-v', 'ON_ERROR_STOP=1', '-d', url, ...args], { encoding: 'utf8' })

/** A server, and a function that makes databases with the app's tables. */
async function server() {
  // Without any engine that would have to be downloaded.
  generate(__dirname, 'engineType = "client"')
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
