'use strict'

// PostgreSQL servers of Debian's package, each of which lives as long as this process.

const { execFile, spawnSync } = require('node:child_process')
const fs = require('node:fs')
const net = require('node:net')
const os = require('node:os')
const path = require('node:path')
const { setTimeout: sleep } = require('node:timers/promises')
const { promisify } = require('node:util')

const BIN = fs.existsSync('/usr/lib/postgresql')
  ? path.join('/usr/lib/postgresql', fs.readdirSync('/usr/lib/postgresql').sort().at(-1), 'bin')
  : ''

/** The program and its arguments, for PostgreSQL does not run as root. */
function asOwner(program, args) {
  const command = [path.join(BIN, program), ...args]
  return process.getuid?.() === 0 ? ['runuser', ['-u', 'postgres', '--', ...command]] : [command[0], command.slice(1)]
}

/** Runs it without standing in the way of whoever else does something. */
const run = (program, ...args) => promisify(execFile)(...asOwner(program, args), { cwd: os.tmpdir() })

function freePort() {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

/** Tests wait for no disk, unless what a server loses is their matter. */
const HASTY = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }
const FORM = ['--locale=C', '--lc-ctype=C.UTF-8', '-E', 'UTF8', '-A', 'trust', '-U', 'quilltap']

/** A server of its own folder and port, which is not running yet. */
class Server {
  constructor(port, settings) {
    this.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'quilltap-pg-'))
    fs.chmodSync(this.folder, 0o777)
    this.data = path.join(this.folder, 'data')
    this.port = port
    this.settings = settings
    process.on('exit', () => this.remove())
  }

  /** Where it is reached; every one has the database `postgres` and the user `quilltap`. */
  address(host = 'localhost') {
    return `postgresql://quilltap@${host}:${this.port}/postgres`
  }

  /** Resolves when it takes connections. */
  async start() {
    const settings = { port: this.port, unix_socket_directories: this.folder, timezone: 'UTC', ...this.settings }
    const given = Object.entries(settings).map(([name, value]) => `-c ${name}='${value}'`)
    // Its output is a file's: a pipe would stay open as long as the server runs.
    const log = path.join(this.folder, 'log')
    await run('pg_ctl', '-D', this.data, '-w', '-l', log, '-o', given.join(' '), 'start')
  }

  /** Kills it as a failing machine does, but for what the system still writes: nobody is told, nothing is tidied up. */
  kill() {
    const [postmaster] = fs.readFileSync(path.join(this.data, 'postmaster.pid'), 'utf8').split('\n')
    process.kill(Number(postmaster), 'SIGKILL')
  }

  /** Starts it after it was killed, once those who served its connections have noticed. */
  async startAgain() {
    for (let tries = 0; ; tries++) {
      try {
        return await this.start()
      } catch (error) {
        if (tries === 100) throw error
        await sleep(100)
      }
    }
  }

  async stop() {
    await run('pg_ctl', '-D', this.data, '-m', 'fast', '-w', 'stop')
  }

  /** Makes a standby that streams from this one the server. */
  async promote() {
    await run('pg_ctl', '-D', this.data, '-w', 'promote')
  }

  remove() {
    if (fs.existsSync(path.join(this.data, 'postmaster.pid'))) {
      // Killed, it has left that file; then there is nothing to stop.
      spawnSync(...asOwner('pg_ctl', ['-D', this.data, '-m', 'immediate', '-w', 'stop']), {
        cwd: os.tmpdir(),
        stdio: 'ignore',
      })
    }
    fs.rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Starts a server with text sorted by code point. */
async function startServer(settings = HASTY) {
  const server = new Server(await freePort(), settings)
  await run('initdb', '-D', server.data, ...FORM)
  await server.start()
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))
  return server
}

/** Starts a standby that streams from a server, which it reaches at a port of this machine. */
async function startStandby(primary, port = primary.port) {
  const standby = new Server(await freePort(), primary.settings)
  // Its name is what `synchronous_standby_names` of the primary goes by.
  const from = `postgresql://quilltap@127.0.0.1:${port}/postgres?application_name=standby`
  await run('pg_basebackup', '-D', standby.data, '-R', '-X', 'stream', '-c', 'fast', '-d', from)
  await standby.start()
  return standby
}

module.exports = { BIN, freePort, startServer, startStandby }
