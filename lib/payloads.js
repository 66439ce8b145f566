'use strict'

const path = require('node:path')
const { fileURLToPath } = require('node:url')
const { StoreError, described, invalid } = require('./error.js')
const { isPlain: isData, pack, unpack } = require('./pack.js')

/** A stream gives pieces of so many bytes; all at once they are read in larger ones. */
const PIECE = 256 * 1024
const LARGE_PIECE = 4 * 1024 * 1024

/** The calls that take or give bytes: on a store, or in the transaction with this number. */
function payloads(connection, transaction, mayWrite) {
  const settled = async (...args) => unpack(await connection.laterOn(...args))

  /** Brings the bytes in, and then makes something of them. */
  async function store(source, make) {
    mayWrite()
    const bytes = toBytes(source)
    if (bytes !== undefined) return make(connection.incoming(bytes, null))
    const file = toPath(source)
    if (file !== undefined) return make(connection.incoming(null, path.resolve(file)))
    const given = pieces(source)
    const incoming = connection.incoming(null, null)
    try {
      for await (const piece of given) {
        const part = toBytes(piece)
        if (part === undefined) throw wrong('source', 'pieces of bytes (Uint8Array)', piece)
        await settled(incoming, 'append', part)
      }
      return await make(incoming)
    } catch (error) {
      incoming.abort()
      throw error
    }
  }

  async function open(id, name) {
    expectText('id', id)
    if (name !== null) expectText('name', name)
    const reading = connection.reading()
    return (await settled(reading, 'open', transaction, id, name)) ? reading : null
  }

  async function piece(reading, at, length) {
    await settled(reading, 'read', at, length)
    return reading.take()
  }

  async function whole(id, name) {
    const reading = await open(id, name)
    if (reading === null) return null
    try {
      const bytes = Buffer.allocUnsafeSlow(reading.size())
      let at = 0
      // Once even when there is nothing: what was cut to nothing is told, too.
      do {
        const read = await piece(reading, at, Math.min(LARGE_PIECE, bytes.length - at))
        bytes.set(read, at)
        at += read.length
      } while (at < bytes.length)
      return bytes
    } finally {
      reading.close()
    }
  }

  async function stream(id, name, range) {
    const { start, end } = readRange(range)
    const reading = await open(id, name)
    if (reading === null) return null
    const stop = Math.min(end + 1, reading.size())
    let at = start
    // Not loaded with the package: it takes a tenth of that time, and most never read a stream.
    const { Readable } = require('node:stream')
    return new Readable({
      highWaterMark: PIECE,
      read() {
        if (at >= stop) return void this.push(null)
        piece(reading, at, Math.min(PIECE, stop - at)).then(
          (read) => {
            at += read.length
            // The same memory, as a Buffer of this realm.
            this.push(Buffer.from(read.buffer, read.byteOffset, read.length))
          },
          (error) => this.destroy(error),
        )
      },
      // At its end as well.
      destroy(error, done) {
        reading.close()
        done(error)
      },
    })
  }

  return {
    put: async (source, data) => {
      const text = pack([withClaims(source, data)]).slice(1, -1)
      return store(source, (incoming) => settled(incoming, 'put', transaction, text))
    },
    putDerived: async (id, name, source) => {
      expectText('id', id)
      expectText('name', name)
      return store(source, (incoming) => settled(incoming, 'derive', transaction, id, name))
    },
    read: (id) => whole(id, null),
    readDerived: async (id, name) => whole(id, textOf('name', name)),
    stream: (id, range) => stream(id, null, range),
    streamDerived: async (id, name, range) => stream(id, textOf('name', name), range),
    pathOf: async (id) => {
      const reading = await open(id, null)
      const found = reading === null ? null : reading.path()
      reading?.close()
      return found
    },
  }
}

/** Bytes in memory, of whichever realm, as a Uint8Array over the same memory. */
function toBytes(source) {
  if (ArrayBuffer.isView(source)) return Buffer.from(source.buffer, source.byteOffset, source.byteLength)
  const kind = Object.prototype.toString.call(source)
  return kind === '[object ArrayBuffer]' || kind === '[object SharedArrayBuffer]' ? Buffer.from(source) : undefined
}

/**
 * The path of a file that is named as one: `{ path }` or a `file:` URL. A text never is one, for it
 * may be what a client sent where a file was expected.
 */
function toPath(source) {
  if (isPlain(source)) {
    const wanted = "{ path: 'a path of a file' } and nothing else"
    if (Object.keys(source).join() !== 'path') throw wrong('source', wanted, source)
    if (isPath(source.path)) return source.path
    throw wrong('source.path', 'a path of a file', source.path)
  }
  if (tagOf(source) !== 'URL') return undefined
  try {
    return fileURLToPath(source.href)
  } catch (cause) {
    throw new StoreError({ code: 'VALIDATION', message: `source is no URL of a file: ${cause.message}`, cause })
  }
}

/** An object that only holds values: no stream, though it may have a `path`, and no instance of a class. */
function isPlain(source) {
  if (typeof source !== 'object' || source === null || tagOf(source) !== 'Object') return false
  return (
    isData(source) && !source[Symbol.asyncIterator] && !source[Symbol.iterator] && typeof source.stream !== 'function'
  )
}

const isPath = (value) => typeof value === 'string' && value !== '' && !value.includes('\0')

/** Of any realm, and of jsdom's too. */
const tagOf = (value) => Object.prototype.toString.call(value).slice(8, -1)

/** What gives the pieces: a stream of Node or of the web, a Blob, an iterable. */
function pieces(source) {
  const wanted = 'bytes, a stream of bytes, a File, { path } or a file: URL'
  if (typeof source === 'string') throw wrong('source', `${wanted} (a string is never taken for a path)`, source)
  if (isBlob(source) && typeof source.stream !== 'function') {
    const received = 'a Blob without stream(), as that of jsdom is: give its bytes'
    throw invalid('Arguments', [{ path: 'source', expected: wanted, received }])
  }
  const asked = typeof source?.stream === 'function' ? source.stream() : source
  if (asked?.[Symbol.asyncIterator] || asked?.[Symbol.iterator]) return asked
  throw wrong('source', wanted, source)
}

const isBlob = (source) => tagOf(source) === 'Blob' || tagOf(source) === 'File'

/**
 * What is to be kept of the bytes, with what a File says of itself where the caller says nothing: its
 * name, without folders, and its type, which counts where the bytes do not tell.
 */
function withClaims(source, data) {
  if (!isBlob(source) || !isPlain(data)) return data
  const claimed = { filename: source.name?.split(/[\\/]/).at(-1), mimeType: source.type }
  const missing = Object.entries(claimed).filter(([key, claim]) => claim && data[key] === undefined)
  return { ...data, ...Object.fromEntries(missing) }
}

function readRange(range) {
  if (range !== undefined && range !== null && !isPlain(range)) throw wrong('range', 'an object { start, end }', range)
  const unknown = Object.keys(range ?? {}).find((key) => key !== 'start' && key !== 'end')
  if (unknown !== undefined) throw wrong(`range.${unknown}`, 'only start, end', range[unknown])
  const { start = 0, end = Number.MAX_SAFE_INTEGER - 1 } = range ?? {}
  for (const [name, value] of Object.entries({ start, end })) {
    if (!Number.isSafeInteger(value) || value < 0) throw wrong(name, 'a whole number that is not negative', value)
  }
  return { start, end }
}

function expectText(name, value) {
  if (typeof value !== 'string') throw wrong(name, 'a string', value)
}

function textOf(name, value) {
  expectText(name, value)
  return value
}

function wrong(name, expected, value) {
  return invalid('Arguments', [{ path: name, expected, received: described(value) }])
}

module.exports = { payloads }
