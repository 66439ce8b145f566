'use strict'

// PostgreSQL servers of Debian's package, each of which lives as long as this process.

const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const net = require('node:net')
const os = require('node:os')
const path = require('node:path')

const BIN = fs.existsSync('/usr/lib/postgresql')
  ? path.join('/usr/lib/postgresql', fs.readdirSync('/usr/lib/postgresql').sort().at(-1), 'bin')
  : ''
const quiet = { stdio: 'ignore', cwd: os.tmpdir() }

/** PostgreSQL does not run as root. */
function asOwner(program, ...args) {
  const command = [path.join(BIN, program), ...args]
  if (process.getuid?.() !== 0) return execFileSync(command[0], command.slice(1), quiet)
  return execFileSync('runuser', ['-u', 'postgres', '--', ...command], quiet)
}

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

  /** Returns when it takes connections. */
  start() {
    const settings = { port: this.port, unix_socket_directories: this.folder, timezone: 'UTC', ...this.settings }
    const given = Object.entries(settings).map(([name, value]) => `-c ${name}='${value}'`)
    asOwner('pg_ctl', '-D', this.data, '-w', '-l', path.join(this.folder, 'log'), '-o', given.join(' '), 'start')
  }

  /** Kills it as a power cut does, but for what the system still writes: nobody is told, nothing is tidied up. */
  kill() {
    const [postmaster] = fs.readFileSync(path.join(this.data, 'postmaster.pid'), 'utf8').split('\n')
    process.kill(Number(postmaster), 'SIGKILL')
  }

  stop(how = 'fast') {
    asOwner('pg_ctl', '-D', this.data, '-m', how, '-w', 'stop')
  }

  /** Makes a standby that streams from this one the server. */
  promote() {
    asOwner('pg_ctl', '-D', this.data, '-w', 'promote')
  }

  remove() {
    if (fs.existsSync(path.join(this.data, 'postmaster.pid'))) this.stop('immediate')
    fs.rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Starts a server with text sorted by code point. */
async function startServer(settings = HASTY) {
  const server = new Server(await freePort(), settings)
  asOwner('initdb', '-D', server.data, ...FORM)
  server.start()
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))
  return server
}

/** Starts a standby that streams from a server. */
async function startStandby(primary) {
  const standby = new Server(await freePort(), primary.settings)
  asOwner('pg_basebackup', '-D', standby.data, '-R', '-X', 'stream', '-c', 'fast', '-d', primary.address())
  standby.start()
  return standby
}

module.exports = { BIN, startServer, startStandby }
