// The example app, built below the repository with its Next.js, and its servers on one folder.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import support from '../package/support.cjs'

const { bin, folder, install, pack, root, runFile } = support
const installed = fileURLToPath(new URL('node_modules', import.meta.url))
const app = path.join(root, 'target/better-auth-app')
const next = bin('next', 'dist/bin/next')

/** Makes the app anew and builds it, unless SKIP_BUILD is set. */
export async function build() {
  if (process.env.SKIP_BUILD) return
  fs.rmSync(app, { recursive: true, force: true })
  fs.cpSync(path.join(root, 'examples/better-auth'), app, { recursive: true })
  install(pack(folder()), app)
  for (const name of ['better-auth', '@better-auth']) {
    fs.symlinkSync(path.join(installed, name), path.join(app, 'node_modules', name), 'junction')
  }
  const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1', BETTER_AUTH_SECRET: SECRET, DATA_DIR: folder() }
  const { code, stdout, stderr } = await runFile(next, ['build', app], { cwd: app, env, timeout: 500_000 })
  if (code !== 0) throw new Error(stdout + stderr)
}

const SECRET = 'of the tests alone, and longer than thirty-two characters'

/** Starts a server on a folder; gives its address and the links of the mails that it would send. */
export async function start(t, DATA_DIR, more = {}) {
  const port = more.port ?? (await freePort())
  const address = `http://localhost:${port}`
  const env = { ...process.env, NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1', ...more.env }
  Object.assign(env, { DATA_DIR, BETTER_AUTH_URL: address, BETTER_AUTH_SECRET: SECRET })
  const child = spawn(process.execPath, [next, 'start', app, '-p', String(port)], { env, cwd: app })
  const closed = once(child, 'close')
  t.after(async () => {
    child.kill('SIGKILL')
    await closed
  })
  const mails = []
  const said = []
  await new Promise((ready, failed) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        said.push(line)
        if (line.startsWith('Mail for ')) mails.push(line.slice(line.indexOf(': ') + 2))
        if (/Ready/.test(line)) ready()
      })
    }
    child.on('exit', () => failed(new Error(said.join('\n'))))
  })
  return { address, port, mails, said, child, closed }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

/** Somebody's browser, as far as cookies go. */
export class Person {
  cookies = new Map()

  constructor(address) {
    this.address = address
  }

  /** Asks Better Auth; gives the status and what was answered. */
  async ask(at, body) {
    const response = await this.fetch(`${this.address}/api/auth${at}`, body)
    const text = await response.text()
    return { status: response.status, body: text === '' ? null : JSON.parse(text) }
  }

  /** Follows a link to where it leads. */
  async follow(url) {
    for (let at = url, steps = 0; steps < 10; steps++) {
      const response = await this.fetch(at)
      if (response.status < 300 || response.status > 399) return response
      at = new URL(response.headers.get('location'), at).href
    }
    throw new Error(`${url} leads nowhere`)
  }

  async fetch(url, body) {
    const ours = new URL(url).origin === this.address
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const json = body && { 'content-type': 'application/json' }
    const headers = { ...json, ...(ours && { cookie, origin: this.address }) }
    const options = { method: body ? 'POST' : 'GET', redirect: 'manual', headers, body: body && JSON.stringify(body) }
    const response = await fetch(url, options)
    if (ours) response.headers.getSetCookie().forEach((line) => this.keep(line))
    return response
  }

  keep(line) {
    const [pair] = line.split(';')
    const [name, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]
    if (value === '' || /max-age=0(;|$)/i.test(line)) this.cookies.delete(name)
    else this.cookies.set(name, value)
  }

  /** Whose session it is that this browser has; undefined when it has none. */
  async whoAmI() {
    return (await this.ask('/get-session')).body?.user?.email
  }
}
