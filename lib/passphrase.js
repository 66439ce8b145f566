'use strict'

const { StoreError, described, invalid } = require('./error.js')

/** A longer passphrase is a file given by mistake. */
const LONGEST = 64 * 1024
const [LF, CR, LAST_ASCII] = [0x0a, 0x0d, 0x7f]
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf]

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

/**
 * Bytes in memory of their own. A small `Buffer` shares the pool of all others; a small typed array of any other
 * kind stands among V8's objects, and is copied, for good, when the native side asks where it stands.
 */
function copyOf(bytes) {
  const copy = new Uint8Array(new ArrayBuffer(bytes.byteLength))
  copy.set(bytes)
  return copy
}

/** A passphrase in bytes that are the caller's to wipe. */
function bytesOf(given, path) {
  if (typeof given === 'string') return new TextEncoder().encode(given.replace(/^\uFEFF/, '').normalize('NFC'))
  if (ArrayBuffer.isView(given)) return copyOf(new Uint8Array(given.buffer, given.byteOffset, given.byteLength))
  throw invalid('Arguments', [{ path, expected: 'a string or bytes', received: described(given) }])
}

/** What a file holds, without the line feed that an editor or `echo` puts behind it. */
async function fromFile(file) {
  const all = new Uint8Array(LONGEST + 4)
  try {
    return lineOf(all.subarray(0, await readInto(all, file)))
  } catch (cause) {
    const message = `cannot read the passphrase from QUILLTAP_PASSPHRASE_FILE (${cause.code}); check the file and its mode`
    throw new StoreError({ code: 'NO_PASSPHRASE', message, cause })
  } finally {
    all.fill(0)
  }
}

/** Reads a file, or a pipe, as far as the bytes go; gives how many came. */
async function readInto(bytes, file) {
  // Not loaded with the package: it takes a tenth of that time, and few keep a passphrase in a file.
  const { open } = require('node:fs/promises')
  const handle = await open(file)
  try {
    let length = 0
    while (length < bytes.length) {
      const { bytesRead } = await handle.read(bytes, length)
      if (bytesRead === 0) break
      length += bytesRead
    }
    return length
  } finally {
    await handle.close()
  }
}

function lineOf(bytes) {
  const start = BYTE_ORDER_MARK.every((byte, at) => bytes[at] === byte) ? BYTE_ORDER_MARK.length : 0
  let end = bytes.length
  if (bytes[end - 1] === LF) end -= bytes[end - 2] === CR ? 2 : 1
  const line = bytes.subarray(start, end)
  // A text of JavaScript's cannot be wiped: one is made only where a letter may have two forms.
  if (line.every((byte) => byte <= LAST_ASCII)) return copyOf(line)
  try {
    return bytesOf(new TextDecoder('utf-8', { fatal: true }).decode(line))
  } catch {
    return copyOf(line)
  }
}

module.exports = { bytesOf, passphraseSource }
