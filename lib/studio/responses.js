'use strict'

const { StoreError } = require('../error.js')

/** Nothing but the studio's own files runs, loads or is asked; nobody frames it; nothing is kept. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

const HEADERS = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
}

const CODES = { READ_ONLY: 403, CORRUPT: 422, CLOSED: 503, LOCKED: 503, IO: 500, NO_SPACE: 507, TOO_LARGE: 413 }
const USUAL = 400

function json(value, status = 200) {
  const headers = { ...HEADERS, 'content-type': 'application/json; charset=utf-8' }
  return new Response(JSON.stringify(value ?? null), { status, headers })
}

/** A refusal in a sentence. */
function refused(status, message) {
  return new Response(`${message}\n`, { status, headers: { ...HEADERS, 'content-type': 'text/plain; charset=utf-8' } })
}

/** A failed call, with all that the page needs to show it at the right field. */
function failure(error) {
  if (!(error instanceof StoreError)) throw error
  const { code, message, model, path, issues } = /** @type {any} */ (error)
  return json({ error: { code, message, model, path, issues } }, CODES[code] ?? USUAL)
}

module.exports = { HEADERS, failure, json, refused }
