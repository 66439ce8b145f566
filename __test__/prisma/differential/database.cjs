'use strict'

// Prisma's own client, on a PostgreSQL server that lives as long as this process.

const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const net = require('node:net')
const os = require('node:os')
const path = require('node:path')
const { ddl, prismaSchema } = require('./schema.cjs')

const BIN = fs.existsSync('/usr/lib/postgresql')
  ? path.join('/usr/lib/postgresql', fs.readdirSync('/usr/lib/postgresql').sort().at(-1), 'bin')
  : ''

/** PostgreSQL does not run as root. */
function asOwner(program, args, options) {
  const command = [path.join(BIN, program), ...args]
  if (process.getuid?.() !== 0) return execFileSync(command[0], command.slice(1), options)
  return execFileSync('runuser', ['-u', 'postgres', '--', ...command], options)
}

function freePort() {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

/** Starts a server with text sorted by code point; gives the address of its database. */
async function startServer() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'quilltap-pg-'))
  fs.chmodSync(folder, 0o777)
  const data = path.join(folder, 'data')
  const port = await freePort()
  const quiet = { stdio: 'ignore', cwd: os.tmpdir() }
  asOwner(
    'initdb',
    ['-D', data, '--locale=C', '--lc-ctype=C.UTF-8', '-E', 'UTF8', '-A', 'trust', '-U', 'quilltap'],
    quiet,
  )
  const settings = `-p ${port} -k ${folder} -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c timezone=UTC`
  asOwner('pg_ctl', ['-D', data, '-w', '-l', path.join(folder, 'log'), '-o', settings, 'start'], quiet)
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))
  process.on('exit', () => {
    asOwner('pg_ctl', ['-D', data, '-m', 'immediate', 'stop'], quiet)
    fs.rmSync(folder, { recursive: true, force: true })
  })
  return `postgresql://quilltap@localhost:${port}/postgres`
}

/** Makes the client of the Prisma that a folder has, from the recorded tables. No engine is downloaded. */
function generate(folder, ...more) {
  const schema = path.join(folder, 'schema.prisma')
  fs.writeFileSync(schema, prismaSchema(...more))
  const env = { ...process.env, PRISMA_QUERY_ENGINE_LIBRARY: schema, PRISMA_SCHEMA_ENGINE_BINARY: schema }
  const file = path.join(folder, 'node_modules/prisma/build/index.js')
  execFileSync(process.execPath, [file, 'generate', '--schema', schema, '--no-hints'], {
    cwd: folder,
    env,
    stdio: 'pipe',
  })
}

/**
 * The client for edge runtimes has the classic engine as WebAssembly, and Node only has to be told how that
 * is loaded.
 */
function generateClassic() {
  generate(__dirname)
  const made = path.join(__dirname, 'node_modules/.prisma/client/wasm.js')
  const text = fs.readFileSync(made, 'utf8')
  const load =
    "new WebAssembly.Module(require('fs').readFileSync(require('path').join(__dirname, 'query_engine_bg.wasm')))"
  const loader = /const loader = [^]*?return engine\n/
  if (!loader.test(text)) throw new Error(`${made} does not load its engine as this expects`)
  fs.writeFileSync(made, text.replace(loader, `return ${load}\n`))
}

/** `{ client, Prisma, empty, close }` over a new database with all tables. */
async function realClient() {
  generateClassic()
  const connectionString = await startServer()
  const { PrismaClient, Prisma } = require('@prisma/client/wasm')
  const { PrismaPg } = require('@prisma/adapter-pg')
  const { Pool } = require('pg')
  const pool = new Pool({ connectionString, max: 1 })
  // The server is stopped before the pool is.
  pool.on('error', () => {})
  await pool.query(ddl())
  const client = new PrismaClient({ adapter: new PrismaPg({ connectionString, max: 2 }), errorFormat: 'minimal' })
  const { rows } = await pool.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
  const truncate = `TRUNCATE ${rows.map(({ tablename }) => `"${tablename}"`).join(', ')} CASCADE`
  const close = () => Promise.all([client.$disconnect(), pool.end()])
  return { client, Prisma, empty: () => pool.query(truncate), close }
}

module.exports = { BIN, generate, realClient, startServer }
