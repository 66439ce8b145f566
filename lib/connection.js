'use strict'

const native = require('./load.js')
const { pack, unpack } = require('./pack.js')

/** The calls: `[{ repository, name, kind }]`; a call's number is its place. */
const CALLS = JSON.parse(native.calls())

/** A native handle, and the promises of the calls that are under way on it. */
class Connection {
  #waiting = new Map()
  #next = 0
  #native

  constructor(options) {
    this.#native = new native.NativeStore(JSON.stringify(options), (ids, texts) => this.#settle(ids, texts))
  }

  #settle(ids, texts) {
    ids.forEach((id, at) => {
      const resolve = this.#waiting.get(id)
      this.#waiting.delete(id)
      resolve?.(texts[at])
    })
    if (this.#waiting.size === 0) this.#native.keepAlive(false)
  }

  /** Starts something that is settled later; the promise is made here, in the caller's realm. */
  async #later(method, ...args) {
    const id = ++this.#next
    const text = await new Promise((resolve) => {
      this.#waiting.set(id, resolve)
      this.#native.keepAlive(true)
      this.#native[method](id, ...args)
    })
    return unpack(text)
  }

  async call(number, args) {
    const text = pack(args)
    if (CALLS[number].kind === 'write') return this.#later('write', number, text)
    const answer = this.#native.read(number, text)
    return answer === null ? this.#later('readLater', number, text) : unpack(answer)
  }

  async inside(transaction, number, args) {
    return this.#later('inside', transaction, number, pack(args))
  }

  begin(timeout) {
    return this.#later('begin', timeout)
  }

  finish(transaction, commit) {
    return this.#later('finish', transaction, commit)
  }

  /** open, flush, compact, stats or close. */
  run(method) {
    return this.#later(method)
  }

  subscribe(listen) {
    this.#native.subscribe(listen)
  }
}

/** The repositories' methods, made from the table; `call(number, args)` does the work. */
function repositories(call) {
  const made = { store: {}, auth: {} }
  CALLS.forEach(({ repository, name, kind }, number) => {
    made[repository] ??= {}
    made[repository][name] = async (...args) => call(number, args, kind)
  })
  return made
}

module.exports = { Connection, repositories }
