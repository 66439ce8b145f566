'use strict'

const { Answers } = require('./answers.js')
const { PRISMA } = require('../requests.js')
const { createStore } = require('../store.js')
const { StoreError } = require('../error.js')
const { knownError, unknownError, validationError } = require('./errors.js')
const { Long, isLong, parseLong } = require('./long.js')
const { putLists } = require('./revive.js')

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

  /** The data that one request on its own, which an operation has made, is answered, or a promise of it. */
  ask(request, operation) {
    const text = JSON.stringify([request])
    const asked = { request, operation }
    return READS.has(request.action) ? this.#read('read', text, asked) : this.#write('write', text, asked)
  }

  /** The same of requests that are one atomic change, or see one moment, in this order: `{ request, operation }` each. */
  askAll(asked) {
    const requests = asked.map(({ request }) => request)
    const text = JSON.stringify([requests])
    const isRead = requests.every(({ action }) => READS.has(action))
    return isRead ? this.#read('readAll', text, asked) : this.#write('batch', text, asked)
  }

  #read(call, text, asked) {
    const { native } = this
    const kept = this.#answers.find(text)
    if (kept?.seen !== undefined && native.read('isSame', kept.seen, PLAIN) === 'true') return copied(kept.data, asked)
    const told = native.read(call, text, PLAIN)
    if (told === null || isLong(told)) return this.#readLater(call, text, told, asked)
    return this.#noted(text, answered(told), told.length)
  }

  async #readLater(call, text, read, asked) {
    const told = read ?? (await this.native.readLater(call, text))
    if (!isLong(told)) return this.#noted(text, answered(told), told.length)
    return long(this.#noted(text, await longAnswer(told, asked), told.length), asked)
  }

  /** The data of the answer to a question, which is kept where that was asked before. */
  #noted(question, answer, size) {
    this.#answers.note(question, answer, size)
    return answer.data
  }

  async #write(call, text, asked) {
    const { native } = this
    native.mayWrite()
    return dataOf(await native.write(call, text), asked)
  }

  /** Sends one request in the transaction of this number. */
  async sendInside(transaction, request, operation) {
    const call = READS.has(request.action) ? 'read' : 'write'
    return dataOf(await this.native.inside(transaction, call, JSON.stringify([request])), { request, operation })
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

/** The data of an answer's text, or a promise of it. */
const dataOf = (text, asked) => (isLong(text) ? longData(text, asked) : answered(text).data)

async function longData(text, asked) {
  return long((await longAnswer(text, asked)).data, asked)
}

async function longAnswer(text, asked) {
  const { answer, lists } = await parseLong(text)
  return { ...answer, data: withLists(answer.data, lists, asked) }
}

// What was asked is one request, or those of a batch, and data are what it is answered.

const withLists = (data, lists, asked) =>
  Array.isArray(asked)
    ? data.map((one, at) => withLists(one, lists, asked[at]))
    : putLists(data, lists, asked.operation.model, asked.request.query.selection)

const long = (data, asked) => (Array.isArray(asked) ? data.map((one) => new Long(one)) : new Long(data))

const copied = (data, asked) =>
  Array.isArray(asked) ? data.map((one, at) => copied(one, asked[at])) : asked.operation.copy(data, asked.request)

/** A store's own failure, for which Prisma has no word. */
function fromStore(error) {
  return error instanceof StoreError ? unknownError(error.message, error) : error
}

module.exports = { Connection, fromStore }
