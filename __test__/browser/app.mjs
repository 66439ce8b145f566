// The example app as a process: built, started on a free port, killed, started again.

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, watch } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import postgres from '../postgres/server.cjs'

const { BIN } = postgres

export const example = resolve(import.meta.dirname, '../../examples/nextjs')

const START_TIMEOUT_MS = 60_000

/** Builds the example, unless SKIP_BUILD is set. */
export async function build() {
  if (!existsSync(join(example, 'node_modules'))) {
    throw new Error(`The example is not installed: run \`npm install\` in ${example} first.`)
  }
  if (process.env.SKIP_BUILD) return
  const work = spawn('npm', ['run', 'build'], { cwd: example, stdio: ['ignore', 'ignore', 'pipe'] })
  const complaints = text(work.stderr)
  const [code] = await once(work, 'exit')
  if (code !== 0) throw new Error(`\`npm run build\` ended with ${code}:\n${await complaints}`)
}

/**
 * One data folder or schema of a database, one mail folder and one address for as many servers, one after the other.
 * @param {string} [database] the address of a PostgreSQL server
 */
export async function makeApp(database) {
  const folder = await mkdtemp(join(tmpdir(), 'quilltap-browser-'))
  const port = await freePort()
  const schema = `app${process.pid}`
  const asked = (text) =>
    execFileSync(join(BIN, 'psql'), ['-X', '-At', '-d', database, '-c', text], { encoding: 'utf8' })
  const app = {
    folder,
    address: `http://127.0.0.1:${port}`,
    dataDir: join(folder, 'data'),
    mailDir: join(folder, 'mail'),
    output: [],
    child: null,

    async start() {
      const child = spawn(process.execPath, ['scripts/start.mjs'], {
        cwd: example,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          ...process.env,
          HOSTNAME: '127.0.0.1',
          PORT: String(port),
          NEXTAUTH_URL: app.address,
          NEXTAUTH_SECRET: 'a secret for the browser test only',
          DATA_DIR: app.dataDir,
          QUILLTAP_DATABASE_URL: database ? `${database}?schema=${schema}` : '',
          MAIL_DIR: app.mailDir,
        },
      })
      app.child = child
      for (const stream of [child.stdout, child.stderr]) {
        createInterface({ input: stream }).on('line', (line) => {
          app.output.push(line)
          child.emit('line', line)
        })
      }
      await app.line(/Ready/)
    },

    /** The next line of the server's output that fits. */
    line(pattern) {
      return new Promise((found, failed) => {
        const child = app.child
        const timer = setTimeout(
          () => end(failed, new Error(`no line like ${pattern}:\n${app.output.join('\n')}`)),
          START_TIMEOUT_MS,
        )
        const look = (line) => pattern.test(line) && end(found, line)
        const gone = () => end(failed, new Error(`the server ended:\n${app.output.join('\n')}`))
        const end = (settle, value) => {
          clearTimeout(timer)
          child.off('line', look).off('exit', gone)
          settle(value)
        }
        child.on('line', look).on('exit', gone)
      })
    },

    /** `kill -9`: nothing is told, nothing is saved on the way out. */
    async kill() {
      if (!app.child || app.child.exitCode !== null || app.child.signalCode !== null) return
      const gone = once(app.child, 'exit')
      app.child.kill('SIGKILL')
      await gone
    },

    /** Runs `work`, waits until the server says that it wrote a mail, and gives the link in it. */
    async linkFrom(work) {
      const written = app.line(/^Mail for .* written to /)
      await work()
      const file = (await written).replace(/^Mail for .* written to /, '')
      return /^http\S+$/m.exec(await readFile(file, 'utf8'))[0]
    },

    /** Resolves as soon as an import writes: a chat's log is there, or a transaction is under way. */
    async importing() {
      if (database) {
        const text = `SELECT count(*) FROM pg_locks WHERE mode = 'ExclusiveLock' AND relation = '${schema}.".turns"'::regclass`
        while (asked(text).trim() === '0') await sleep(10)
        return
      }
      await new Promise((found) => {
        const watcher = watch(join(app.dataDir, 'chats'), (kind) => {
          if (kind !== 'rename') return
          watcher.close()
          found()
        })
      })
    },

    /** Messages as a person with an editor, or with psql, would count them, by chat. */
    async messagesKept() {
      if (database) {
        const text = `SELECT owner, count(*) FROM ${schema}.".rows" WHERE kind = 'message' GROUP BY owner`
        const rows = asked(text).split('\n').filter(Boolean)
        return new Map(rows.map((row) => [row.split('|')[0], Number(row.split('|')[1])]))
      }
      const counts = new Map()
      for (const name of await readdir(join(app.dataDir, 'chats'))) {
        if (name === 'index.jsonl' || !name.endsWith('.jsonl')) continue
        const rows = (await readFile(join(app.dataDir, 'chats', name), 'utf8'))
          .trimEnd()
          .split('\n')
          .map((row) => JSON.parse(row))
        const alive = new Set()
        for (const row of rows) {
          if (row.type === 'message') alive.add(row.id)
          if (row.type === 'deleted') alive.delete(row.id)
        }
        counts.set(name.replace('.jsonl', ''), alive.size)
      }
      return counts
    },

    async end() {
      await app.kill()
      await rm(folder, { recursive: true, force: true })
    },
  }
  return app
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

async function text(stream) {
  let all = ''
  for await (const part of stream) all += part
  return all
}
