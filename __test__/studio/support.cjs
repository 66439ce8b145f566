'use strict'

// The studio as somebody starts it, and requests to it as a browser, or somebody worse, makes them.

const { spawn } = require('node:child_process')
const { once } = require('node:events')
const http = require('node:http')
const { createInterface } = require('node:readline')
const { after } = require('node:test')

const running = new Set()
// Before those of the folders, which go then.
after(() => Promise.all([...running].map(stop)))

const { env, filled, folder, program } = require('../cli/support.cjs')

async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGTERM')
  await gone
}

/** Starts `studio` on a folder; gives its address, and requests to it by whoever has its cookie. */
async function startStudio(dataDir, args = []) {
  const argv = [program, 'studio', '--json', '--data-dir', dataDir, ...args]
  const child = spawn(process.execPath, argv, { env, stdio: ['ignore', 'pipe', 'inherit'] })
  running.add(child)
  const lines = createInterface({ input: child.stdout })
  const [first] = await Promise.race([
    once(lines, 'line'),
    once(child, 'exit').then(() => Promise.reject(new Error('the studio ended'))),
  ])
  const address = new URL(JSON.parse(first).address)
  const origin = address.origin
  const ask = (path, options) => request(address.port, path, options)
  // Whoever has come in has used the address up: the command prints another one.
  const [[second], entered] = await Promise.all([once(lines, 'line'), ask(address.pathname + address.search)])
  const next = JSON.parse(second).address
  const cookie = entered.headers['set-cookie'][0].split(';')[0]
  const own = { cookie, origin, host: address.host, 'sec-fetch-site': 'same-origin', 'x-quilltap-studio': '1' }
  const call = async (name, ...args) => {
    const body = JSON.stringify(args)
    const headers = { ...own, 'content-type': 'application/json' }
    const { status, text } = await ask(`/api/${name}`, { method: 'POST', headers, body })
    const value = JSON.parse(text)
    if (status !== 200) throw Object.assign(new Error(value.error.message), value.error, { status })
    return value
  }
  return { address, next, entered, origin, own, cookie, ask, call, end: () => stop(child) }
}

/** One request, with exactly these headers. */
function request(port, path, { method = 'GET', headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path, method, headers, setHost: !('host' in headers) }
    const asked = http.request(options, (response) => {
      const pieces = []
      response.on('data', (piece) => pieces.push(piece))
      response.on('end', () => {
        const bytes = Buffer.concat(pieces)
        resolve({ status: response.statusCode, headers: response.headers, bytes, text: bytes.toString() })
      })
      response.on('error', reject)
    })
    asked.on('error', reject)
    asked.end(body)
  })
}

/** A change that is rehearsed first, as the page makes it. */
async function changeBy(call, what, asked) {
  const told = await call('change', what, asked, true)
  const done = await call('change', what, asked, false)
  return { told, done }
}

module.exports = { changeBy, filled, folder, request, startStudio }
