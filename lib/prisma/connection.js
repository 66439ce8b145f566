'use strict'

const { PRISMA } = require('../requests.js')
const { createStore } = require('../store.js')
const { StoreError } = require('../error.js')
const { knownError, unknownError, validationError } = require('./errors.js')

const READS = new Set('findUnique findUniqueOrThrow findFirst findFirstOrThrow findMany aggregate groupBy'.split(' '))
/** What `handle.read` is told by whom wants no fingerprint with the answer. */
const PLAIN = 0

/**
 * The store under a client: an app's own, or one that the client makes from `options` when it is
 * first needed, and anew when it is needed again after `$disconnect`.
 */
class Connection {
  #given
  #options
  #made

  constructor(given, options) {
    this.#given = given
    this.#options = options
  }

  get store() {
    return this.#given ?? (this.#made ??= createStore(this.#options))
  }

  /** The calls below the store's own: see `lib/store.js`. */
  get native() {
    return this.store[PRISMA]
  }

  async open() {
    await this.store.open()
  }

  /** An app's own store stays open: it has others who use it. */
  async close() {
    const made = this.#made
    this.#made = undefined
    await made?.close()
  }

  /** Sends one request on its own. */
  async ask(request) {
    const { native } = this
    const text = JSON.stringify([request])
    if (READS.has(request.action)) {
      const answer = native.read('read', text, PLAIN) ?? (await native.readLater('read', text))
      return data(answer, this)
    }
    native.mayWrite()
    return data(await native.write('write', text), this)
  }

  /** Sends requests that are one atomic change, in this order. */
  async sendBatch(requests) {
    const { native } = this
    native.mayWrite()
    return data(await native.write('batch', JSON.stringify([requests])), this)
  }

  /** Sends one request in the transaction of this number. */
  async sendInside(transaction, request) {
    const call = READS.has(request.action) ? 'read' : 'write'
    return data(await this.native.inside(transaction, call, JSON.stringify([request])), this)
  }
}

/** The data of an answer; throws the error that it is instead. */
function data(text) {
  if (text[0] === '!') throw fromStore(new StoreError(JSON.parse(text.slice(1))))
  const answer = JSON.parse(text)
  if (answer.error === undefined) return answer.data
  const { kind, code, message, meta, index } = answer.error
  if (kind === 'known') throw knownError(code, message, meta, index)
  throw kind === 'validation' ? validationError(message) : unknownError(message)
}

/** A store's own failure, for which Prisma has no word. */
function fromStore(error) {
  return error instanceof StoreError ? unknownError(error.message, error) : error
}

module.exports = { Connection, fromStore }
