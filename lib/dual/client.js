'use strict'

const { AsyncLocalStorage } = require('node:async_hooks')
const { answerTo, errorOf, isRefusal } = require('./answers.js')
const { Call, onlyReads, READS, sqlOf } = require('./calls.js')
const { fill } = require('./fill.js')
const { Transaction } = require('./transaction.js')

/**
 * A client of the primary whose calls are made on the store as well. It is an extension of the primary's own
 * client, below all others, so what it sees is what the database is asked, and what the app gets is
 * what the primary's client gives.
 */
class Both {
  #log
  #second
  #share
  #within = new AsyncLocalStorage()

  constructor(log, second, share) {
    this.#log = log
    this.#second = second
    this.#share = share
  }

  /** The client over `base`, which is the primary's with the app's own extensions. */
  client(base) {
    const hook = (asked) => this.#call(asked)
    const hooked = base.$extends({ name: 'quilltap-store dual', query: { $allOperations: hook } })
    const end = async () => {
      await this.#second.close()
      await base.$disconnect()
    }
    return hooked.$extends({
      client: {
        $transaction: (work, options) => this.#transaction(hooked, work, options),
        $extends: (extension) =>
          typeof extension === 'function' ? extension(this.client(base)) : this.client(base.$extends(extension)),
        $disconnect: end,
        /** Resolves when the store has done everything that the primary has answered so far. */
        $settled: () => this.#second.settled(),
      },
    })
  }

  #call({ model, operation, args, query, __internalParams: inner }) {
    const kind = inner?.transaction?.kind
    const within = kind === undefined ? undefined : this.#within.getStore()
    if (model === undefined) return this.#raw(sqlOf(args), () => query(args), within)
    if (READS.has(operation))
      return this.#read(new Call(model, operation, args, inner?.dataPath), () => query(args), within)
    const filled = fill(model, operation, args)
    return this.#write(new Call(model, operation, filled, inner?.dataPath), () => query(filled), within)
  }

  async #write(call, ask, within) {
    const { request } = call
    if (within !== undefined) return within.write(call, request, ask)
    const op = await this.#log.begin([request]).catch(() => 0)
    const value = await this.#asked(op, ask)
    // The app may change what it gets.
    this.#second.repeat(op, [{ call, request, answer: answerTo(call, value) }])
    return value
  }

  /** What the primary answers to a write. */
  async #asked(op, ask) {
    try {
      return await ask()
    } catch (error) {
      this.#second.end(op, isRefusal(error) ? 'refused' : 'unknown')
      throw error
    } finally {
      this.#log.answered(op)
    }
  }

  async #raw(sql, ask, within) {
    if (onlyReads(sql)) {
      this.#second.unclear('sql')
      return ask()
    }
    if (within !== undefined) return within.sql(sql, ask)
    const op = await this.#log.begin([], sql).catch(() => 0)
    const value = await this.#asked(op, ask)
    this.#second.end(op, 'unrepeated')
    return value
  }

  async #read(call, ask, within) {
    if (Math.random() >= this.#share) return ask()
    const unasked = within === undefined ? this.#second.unasked : 'transaction'
    if (unasked !== undefined) {
      this.#second.unclear(unasked)
      return ask()
    }
    const since = this.#log.moment()
    try {
      const value = await ask()
      this.#second.read(since, call, answerTo(call, value))
      return value
    } catch (error) {
      this.#second.read(since, call, errorOf(error))
      throw error
    }
  }

  /** Both forms of a transaction: what was done in it is repeated when it is committed. */
  async #transaction(hooked, work, options) {
    const within = new Transaction(this.#log, this.#second)
    const asked = typeof work === 'function' ? (tx) => within.run(() => work(tx)) : work
    try {
      const result = await this.#within.run(within, () => hooked.$transaction(asked, options))
      within.committed()
      return result
    } catch (error) {
      within.failed(error)
      throw error
    }
  }
}

module.exports = { Both }
