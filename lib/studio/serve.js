'use strict'

const { spawn } = require('node:child_process')
const { once } = require('node:events')
const { createServer } = require('node:http')
const { Readable } = require('node:stream')
const { pipeline } = require('node:stream/promises')
const { STUDIO } = require('../requests.js')
const { createStore } = require('../store.js')
const { handler } = require('./handler.js')
const { makeTokens } = require('./tokens.js')

const HOST = '127.0.0.1'
/** The exit code of what could not be done; see docs/cli.md. */
const FAILED = 3
const OPENERS = { darwin: 'open', win32: 'explorer', linux: 'xdg-open' }

/** Serves the studio on this machine alone, until Ctrl-C; resolves once it is to be had. */
async function serve({ dataDir, port: wanted, write, open, trustSharedFolder, json }) {
  const store = createStore({ dataDir, trustSharedFolder })
  await store.open()
  const server = createServer()
  server.listen(wanted, HOST)
  await once(server, 'listening')
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  const tokens = makeTokens()
  const answer = handler(store[STUDIO], { write, port, tokens })
  server.on('request', (incoming, outgoing) => void respond(answer, incoming, outgoing))
  endOnSignal(server, store)
  const tell = (text) => console.log(json ? JSON.stringify({ address: tokens.address(port) }) : text())
  tell(
    () =>
      `The studio${write ? '' : ' (read-only: --write lets it change records)'} is at\n\n  ${tokens.address(port)}\n`,
  )
  tokens.onUsed(() => tell(() => `It was opened. For another browser: ${tokens.address(port)}`))
  if (open) openBrowser(tokens.address(port))
}

/** Node's request to one of the web's, and the answer back. */
async function respond(answer, incoming, outgoing) {
  try {
    const response = await answer(webRequest(incoming, outgoing))
    outgoing.writeHead(response.status, Object.fromEntries(response.headers))
    if (response.body === null || incoming.method === 'HEAD') return void outgoing.end()
    await pipeline(Readable.fromWeb(/** @type {any} */ (response.body)), outgoing)
  } catch (error) {
    // Who has closed the connection needs no answer.
    if (outgoing.destroyed || outgoing.headersSent) return void outgoing.destroy()
    console.error(`error: ${error instanceof Error ? error.message : error}`)
    outgoing.writeHead(500).end('the request failed; the terminal says why\n')
  }
}

function webRequest(incoming, outgoing) {
  const gone = new AbortController()
  outgoing.once('close', () => gone.abort())
  const headers = new Headers()
  for (const [name, value] of Object.entries(incoming.headers)) {
    for (const one of [value].flat()) headers.append(name, /** @type {string} */ (one))
  }
  // The name by which it was called is looked at apart, in the header itself.
  const url = new URL(`http://${HOST}${incoming.url.startsWith('/') ? incoming.url : '/'}`)
  const hasBody = incoming.method !== 'GET' && incoming.method !== 'HEAD'
  const body = hasBody ? { body: Readable.toWeb(incoming), duplex: 'half' } : {}
  return new Request(url, /** @type {any} */ ({ method: incoming.method, headers, signal: gone.signal, ...body }))
}

function endOnSignal(server, store) {
  const end = async () => {
    server.close()
    server.closeAllConnections()
    await store.close().catch((error) => {
      console.error(`error: ${error.message}`)
      process.exitCode = FAILED
    })
    process.exit()
  }
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void end())
}

/** Opens the address in the browser, where there is one; it was printed anyway. */
function openBrowser(address) {
  const opener = OPENERS[process.platform]
  if (opener === undefined) return
  const child = spawn(opener, [address], { stdio: 'ignore', detached: true })
  child.on('error', () => {})
  child.unref()
}

module.exports = { serve }
