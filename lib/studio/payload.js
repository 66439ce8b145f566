'use strict'

const { Readable } = require('node:stream')
const native = require('../load.js')
const { HEADERS, refused } = require('./responses.js')

/**
 * The bytes of a row: as an image where they are one of a kind in which nothing runs, else to be saved.
 * What the row says of their type does not count.
 */
async function payload(store, id) {
  const bytes = await store.images.stream(id)
  const row = await store.images.findById(id)
  if (bytes === null || row === null) return refused(404, `no image or file has the id ${id}`)
  const pieces = bytes[Symbol.asyncIterator]()
  const first = await pieces.next()
  const type = first.done ? null : native.studioShownAs(first.value)
  const whole = Readable.from(joined(first, pieces))
  const headers = {
    ...HEADERS,
    'content-security-policy': "default-src 'none'; sandbox; frame-ancestors 'none'",
    'content-type': type ?? 'application/octet-stream',
    'content-disposition': `${type ? 'inline' : 'attachment'}; filename*=UTF-8''${quoted(row.filename)}`,
  }
  return new Response(/** @type {any} */ (Readable.toWeb(whole)), { headers })
}

async function* joined(first, rest) {
  if (first.done) return
  yield first.value
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value
}

/** A name as a header may hold it (RFC 8187). */
function quoted(name) {
  return encodeURIComponent(name).replace(/['()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16)}`)
}

module.exports = { payload }
