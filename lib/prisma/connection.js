'use strict'

const { Answers } = require('./answers.js')
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
  #answers = new Answers()

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
    this.#answers = new Answers()
    await made?.close()
  }

  /** Sends one request on its own, that an operation has made. */
  async ask(request, operation) {
    const { native } = this
    const text = JSON.stringify([request])
    if (READS.has(request.action)) return this.#read(native, text, request, operation)
    native.mayWrite()
    return answered(await native.write('write', text)).data
  }

  async #read(native, text, request, operation) {
    const kept = this.#answers.find(text)
    if (kept?.seen !== undefined && native.read('isSame', kept.seen, PLAIN) === 'true')
      return operation.copy(kept.data, request)
    const told = native.read('read', text, PLAIN) ?? (await native.readLater('read', text))
    const answer = answered(told)
    this.#answers.note(text, kept !== undefined, answer, told.length)
    return answer.data
  }

  /** Sends requests that are one atomic change, or see one moment, in this order. */
  async sendBatch(requests) {
    const { native } = this
    const text = JSON.stringify([requests])
    if (requests.every(({ action }) => READS.has(action))) {
      return answered(native.read('readAll', text, PLAIN) ?? (await native.readLater('readAll', text))).data
    }
    native.mayWrite()
    return answered(await native.write('batch', text)).data
  }

  /** Sends one request in the transaction of this number. */
  async sendInside(transaction, request) {
    const call = READS.has(request.action) ? 'read' : 'write'
    return answered(await this.native.inside(transaction, call, JSON.stringify([request]))).data
  }
}

/** The answer that a text is, with its data; throws the error that it is instead. */
function answered(text) {
  if (text[0] === '!') throw fromStore(new StoreError(JSON.parse(text.slice(1))))
  const answer = JSON.parse(text)
  if (answer.error === undefined) return answer
  const { kind, code, message, meta, index } = answer.error
  if (kind === 'known') throw knownError(code, message, meta, index)
  throw kind === 'validation' ? validationError(message) : unknownError(message)
}

/** A store's own failure, for which Prisma has no word. */
function fromStore(error) {
  return error instanceof StoreError ? unknownError(error.message, error) : error
}

module.exports = { Connection, fromStore }
