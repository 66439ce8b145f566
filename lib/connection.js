'use strict'

const native = require('./load.js')
const { StoreError } = require('./error.js')
const { unpack } = require('./pack.js')

/** The number under which no call waits, but what a folder's owner should know is told. */
const WARNING = 0
const warned = new Set()

/** Once in a process for each folder, which the warning names. */
function warn(text) {
  if (warned.has(text)) return
  warned.add(text)
  process.emitWarning(JSON.parse(text), 'QuilltapStoreWarning')
}

/** A failure that is no answer: a panic below, or a text that native code cannot take. */
function internal(cause) {
  const message = `internal error in quilltap-store: ${cause.message}; please report it`
  return new StoreError({ code: 'IO', message, cause })
}

/**
 * Settles calls. The native side holds this function for as long as it lives, so it must not
 * hold the handle, or neither would ever be freed: only a call under way does.
 */
function settler(waiting) {
  return (ids, texts) => {
    let handle
    for (const [at, id] of ids.entries()) {
      const call = waiting.get(id)
      if (id === WARNING) warn(texts[at])
      if (call === undefined) continue
      waiting.delete(id)
      handle = call.handle
      call.resolve(texts[at])
    }
    if (waiting.size === 0) handle?.keepAlive(false)
  }
}

/** A native handle; what is wrong with the options is told as an answer is. */
function made(options, settle) {
  try {
    return new native.NativeStore(JSON.stringify(options), settle)
  } catch (error) {
    unpack(error.message)
  }
}

/** So long changes may follow each other on this thread before timers and sockets have their turn, in milliseconds. */
const LONGEST_TURN = 1

/**
 * Tells whether the event loop has had its turn lately: who awaits one change after another, each made at once,
 * would keep it from it.
 */
function turns() {
  let begun
  const end = () => (begun = undefined)
  return () => {
    const now = performance.now()
    if (begun === undefined) {
      begun = now
      setImmediate(end).unref()
    }
    return now - begun < LONGEST_TURN
  }
}

/** A native handle, and the promises of the calls that are under way on it. */
function connect(options) {
  const waiting = new Map()
  const handle = made(options, settler(waiting))
  let last = WARNING

  /** Starts something that is settled later, with its answer's text. */
  const later = (method, ...args) => laterOn(handle, method, ...args)

  /** The same, by a method of something that belongs to the handle. */
  const laterOn = (target, method, ...args) =>
    new Promise((resolve, reject) => {
      const id = ++last
      waiting.set(id, { resolve, handle })
      try {
        if (waiting.size === 1) handle.keepAlive(true)
        target[method](id, ...args)
      } catch (cause) {
        waiting.delete(id)
        if (waiting.size === 0) handle.keepAlive(false)
        reject(internal(cause))
      }
    })

  /** The answer's text if memory has it, else null; see `Copies` for what is known of it. */
  const read = (number, text, known) => {
    try {
      return handle.read(number, text, known)
    } catch (cause) {
      throw internal(cause)
    }
  }

  const mayStay = options.durability === 'batched' ? turns() : () => false

  /** The text of what a change answers, or a promise of it where another thread makes it. */
  const write = (number, text) => {
    let answer = null
    try {
      if (mayStay()) answer = handle.writeHere(number, text)
    } catch (cause) {
      throw internal(cause)
    }
    return answer ?? later('write', number, text)
  }

  /** A promise of the answer's text, by a thread that may take long. */
  const readLater = (number, text, known) => later('readLater', number, text, known)

  /** The text of an answer with a clear text in it if memory has it, else null. */
  const readSecret = (number, text) => {
    try {
      return handle.readSecret(number, text)
    } catch (cause) {
      throw internal(cause)
    }
  }

  /** What a call makes of bytes, or the text of an error; null where memory does not have what it takes. */
  const bytes = (number, text, data) => {
    try {
      return handle.bytes(number, text, data)
    } catch (cause) {
      throw internal(cause)
    }
  }

  return {
    later,
    laterOn,
    /** Bytes on their way in: all at once, from the file at a path, or to be appended. */
    incoming: (whole, path) => new native.NativeBytes(handle, whole, path),
    /** Bytes on their way out. */
    reading: () => new native.NativeReading(handle),
    read,
    readLater,
    /** Are all records of some models (a bit each) as they were when they had this fingerprint? */
    isSame: handle.makeIsSame(),
    write,
    readSecret,
    bytes,
    /** open, begin, finish, flush, compact, stats or close. */
    run: async (method, ...args) => unpack(await later(method, ...args)),
    subscribe: (listen) => handle.subscribe(listen),
    unsubscribe: () => handle.unsubscribe(),
  }
}

module.exports = { connect }
