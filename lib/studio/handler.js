'use strict'

const { readFile } = require('node:fs/promises')
const path = require('node:path')
const native = require('../load.js')
const { api } = require('./api.js')
const { changes } = require('./changes.js')
const { payload } = require('./payload.js')
const { page } = require('./page.js')
const { failure, HEADERS, json, refused } = require('./responses.js')

/** A record of 16 MiB may take six times that as a JSON string in JSON. */
const LARGEST_BODY = 100 * 1024 * 1024
/** The header that no form and no link can send. */
const MARK = 'x-quilltap-studio'
const ASSETS = { 'studio.js': 'text/javascript', 'studio.css': 'text/css', 'icon.svg': 'image/svg+xml' }

/**
 * Answers requests to the studio, wherever it is mounted: `<base>` is the page, `<base>/api/<name>` a call,
 * `<base>/assets/<name>` a part of the page. Without a port an app answers, and says itself who may come.
 *
 * @param {any} own
 * @param {{ write: boolean, port?: number, tokens?: any }} how
 */
function handler(own, { write, port, tokens }) {
  const calls = api(own, write)
  const listen = changes(own.store)
  /** @type {Record<string, (request: Request, name: string) => Promise<Response>>} */
  const places = {
    assets: (_, name) => asset(name),
    api: async (request, name) => {
      if (request.method === 'POST') return called(request, calls, name)
      if (name === 'events') return listen(request)
      if (name === 'payload') return payload(own.store, new URL(request.url).searchParams.get('id') ?? '')
      return refused(404, `there is nothing called ${name}`)
    },
  }
  return async (request) => {
    const url = new URL(request.url)
    const [, base, place, name] = /^(.*)\/(api|assets)\/([\w.-]+)$/.exec(url.pathname) ?? []
    const isPage = place === undefined
    const entered = isPage && tokens?.exchange(url, port)
    if (entered) return entered
    const reason = refusal(request, { isPage, port, tokens })
    if (reason) return refused(403, reason)
    try {
      if (port !== undefined && (isPage ? url.pathname !== '/' : base !== ''))
        return refused(404, 'there is nothing here')
      if (!isPage) return await places[place](request, name)
      if (request.method !== 'GET' && request.method !== 'HEAD') return refused(405, 'the page can only be read')
      return page(url.pathname.replace(/\/$/, ''))
    } catch (error) {
      return failure(error)
    }
  }
}

function refusal(request, { isPage, port, tokens }) {
  const header = (name) => request.headers.get(name) ?? undefined
  return native.studioRefusal({
    method: request.method === 'HEAD' ? 'GET' : request.method,
    // Behind a proxy the app is called by another name than its server is.
    host: (port === undefined ? header('x-forwarded-host') : undefined) ?? header('host') ?? new URL(request.url).host,
    origin: header('origin'),
    site: header('sec-fetch-site'),
    isMarked: header(MARK) !== undefined,
    isPage,
    token: tokens?.given(header('cookie'), port),
    wanted: tokens?.wanted,
    port,
  })
}

/** A call with the JSON array of its arguments. */
async function called(request, calls, name) {
  const call = Object.hasOwn(calls, name) ? calls[name] : undefined
  if (call === undefined) return refused(404, `there is no call ${name}`)
  if (!request.headers.get('content-type')?.startsWith('application/json')) {
    return refused(415, 'a call takes its arguments as application/json')
  }
  const text = await body(request)
  if (text === undefined) return refused(413, `a request has at most ${LARGEST_BODY} bytes`)
  let args
  try {
    args = JSON.parse(text)
  } catch {
    return refused(400, 'the arguments of a call are a JSON array')
  }
  return Array.isArray(args) ? json(await call(...args)) : refused(400, 'the arguments of a call are a JSON array')
}

/** The text of a request; undefined for one that is too long. */
async function body(request) {
  const pieces = []
  let length = 0
  for await (const piece of request.body ?? []) {
    length += piece.byteLength
    if (length > LARGEST_BODY) return undefined
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString('utf8')
}

async function asset(name) {
  if (!Object.hasOwn(ASSETS, name)) return refused(404, `there is no ${name}`)
  const bytes = await readFile(path.join(__dirname, '../../generated/studio', name))
  return new Response(bytes, { headers: { ...HEADERS, 'content-type': `${ASSETS[name]}; charset=utf-8` } })
}

module.exports = { handler }
