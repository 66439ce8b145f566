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

  /** Sends one request on its own, that an operation has made. */
  async ask(request, operation) {
    const { native } = this
    const text = JSON.stringify([request])
    if (READS.has(request.action)) return this.#read(native, text, request, operation)
    native.mayWrite()
    return dataOf(await native.write('write', text), { request, operation })
  }

  async #read(native, text, request, operation) {
    const kept = this.#answers.find(text)
    if (kept?.seen !== undefined && native.read('isSame', kept.seen, PLAIN) === 'true')
      return operation.copy(kept.data, request)
    const told = native.read('read', text, PLAIN) ?? (await native.readLater('read', text))
    const answer = isLong(told) ? await longAnswer(told, { request, operation }) : answered(told)
    this.#answers.note(text, kept !== undefined, answer, told.length)
    return isLong(told) ? new Long(answer.data) : answer.data
  }

  /** Sends requests that are one atomic change, or see one moment, in this order: `{ request, operation }` each. */
  async sendBatch(asked) {
    const { native } = this
    const requests = asked.map(({ request }) => request)
    const text = JSON.stringify([requests])
    if (requests.every(({ action }) => READS.has(action))) {
      return allOf(native.read('readAll', text, PLAIN) ?? (await native.readLater('readAll', text)), asked)
    }
    native.mayWrite()
    return allOf(await native.write('batch', text), asked)
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
  return new Long((await longAnswer(text, asked)).data)
}

/** The data of each answer of a batch. */
async function allOf(text, asked) {
  if (!isLong(text)) return answered(text).data
  const { answer, lists } = await parseLong(text)
  return answer.data.map((data, at) => new Long(withLists(data, lists, asked[at])))
}

async function longAnswer(text, asked) {
  const { answer, lists } = await parseLong(text)
  return { ...answer, data: withLists(answer.data, lists, asked) }
}

const withLists = (data, lists, { request, operation }) =>
  putLists(data, lists, operation.model, request.query.selection)

/** A store's own failure, for which Prisma has no word. */
function fromStore(error) {
  return error instanceof StoreError ? unknownError(error.message, error) : error
}

module.exports = { Connection, fromStore }
