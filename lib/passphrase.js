'use strict'

const { readFile } = require('node:fs/promises')
const { StoreError, described, invalid } = require('./error.js')

/**
 * Where a store's passphrase comes from: bytes that are the caller's to wipe, or undefined. A text
 * counts in its composed form (NFC) and without the byte order mark that some editors put before it,
 * so that it does not matter on which system it was typed.
 */
function passphraseSource(option) {
  return async () => {
    const given = typeof option === 'function' ? await option() : option
    if (given !== undefined && given !== null) return bytesOf(given, 'passphrase')
    const { QUILLTAP_PASSPHRASE_FILE: file, QUILLTAP_PASSPHRASE: text } = process.env
    if (file) return fromFile(file)
    return text ? bytesOf(text, 'QUILLTAP_PASSPHRASE') : undefined
  }
}

/** A passphrase in bytes, in memory of their own. */
function bytesOf(given, path) {
  if (typeof given === 'string') return Buffer.from(given.replace(/^\uFEFF/, '').normalize('NFC'))
  if (ArrayBuffer.isView(given)) return Buffer.from(new Uint8Array(given.buffer, given.byteOffset, given.byteLength))
  throw invalid('Arguments', [{ path, expected: 'a text or bytes', received: described(given) }])
}

/** What a file holds, without the line feed that an editor or `echo` puts behind it. */
async function fromFile(file) {
  let all
  try {
    all = await readFile(file)
  } catch (cause) {
    const message = `cannot read the passphrase from QUILLTAP_PASSPHRASE_FILE (${cause.code}); check the file and its mode`
    throw new StoreError({ code: 'NO_PASSPHRASE', message, cause })
  }
  let end = all.length
  if (all[end - 1] === 0x0a) end -= all[end - 2] === 0x0d ? 2 : 1
  const line = all.subarray(0, end)
  try {
    const text = line.toString()
    return Buffer.from(text).equals(line) ? bytesOf(text, 'QUILLTAP_PASSPHRASE_FILE') : Buffer.from(line)
  } finally {
    all.fill(0)
  }
}

module.exports = { bytesOf, passphraseSource }
