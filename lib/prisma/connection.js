'use strict'

const { Answers } = require('./answers.js')
const { AskedTogether } = require('./asked.js')
const { PRISMA } = require('../requests.js')
const { createStore } = require('../store.js')
const { StoreError } = require('../error.js')
const { knownError, unknownError, validationError } = require('./errors.js')
const { Long, isLong, parseLong } = require('./long.js')
const { putLists } = require('./revive.js')

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

  /** The answer that a call was given before, where it is still the same; undefined where it must be asked. */
  kept(asked) {
    const data = this.#kept(asked)
    return data && asked.operation.copy(data, asked.plan)
  }

  #kept(asked) {
    const kept = this.#answers.find(asked)
    return kept?.seen !== undefined && this.native.isSame(kept.seen[0], kept.seen[1]) ? kept.data : undefined
  }

  /** The data that one call on its own is answered, or a promise of it. */
  ask(asked) {
    return asked.operation.isRead ? this.#read('read', asked) : this.#write('write', asked)
  }

  /** The same of one that reads, where nothing is kept that is still the same. */
  askAnew(asked) {
    return this.#readAnew('read', asked)
  }

  /** The same of calls that are one atomic change, or see one moment, in this order. */
  askAll(all) {
    const asked = new AskedTogether(all)
    return all.every(({ operation }) => operation.isRead) ? this.#read('readAll', asked) : this.#write('batch', asked)
  }

  #read(call, asked) {
    const kept = this.#kept(asked)
    return kept === undefined ? this.#readAnew(call, asked) : copied(kept, asked)
  }

  #readAnew(call, asked) {
    const told = this.native.read(call, asked.text, PLAIN)
    if (told === null || isLong(told)) return this.#readLater(call, told, asked)
    return this.#noted(asked, answered(told), told.length)
  }

  async #readLater(call, read, asked) {
    const told = read ?? (await this.native.readLater(call, asked.text))
    if (!isLong(told)) return this.#noted(asked, answered(told), told.length)
    return long(this.#noted(asked, await longAnswer(told, asked), told.length), asked)
  }

  /** The data of the answer to a question, which is kept for whoever asks it again. */
  #noted(asked, answer, size) {
    this.#answers.note(asked, answer, size)
    return answer.data
  }

  async #write(call, asked) {
    const { native } = this
    native.mayWrite()
    return dataOf(await native.write(call, asked.text), asked)
  }

  /** Sends one call in the transaction of this number. */
  async sendInside(transaction, asked) {
    const call = asked.operation.isRead ? 'read' : 'write'
    return dataOf(await this.native.inside(transaction, call, asked.text), asked)
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

const withLists = (data, lists, asked) =>
  asked instanceof AskedTogether
    ? data.map((one, at) => withLists(one, lists, asked.all[at]))
    : putLists(data, lists, asked.plan)

const long = (data, asked) => (asked instanceof AskedTogether ? data.map((one) => new Long(one)) : new Long(data))

const copied = (data, asked) =>
  asked instanceof AskedTogether
    ? data.map((one, at) => copied(one, asked.all[at]))
    : asked.operation.copy(data, asked.plan)

/** A store's own failure, for which Prisma has no word. */
function fromStore(error) {
  return error instanceof StoreError ? unknownError(error.message, error) : error
}

module.exports = { Connection, fromStore }
