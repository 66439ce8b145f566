'use strict'

/**
 * What a model's method answers: a promise that starts nothing before somebody waits for it, so that
 * it can be put into a `$transaction` instead. `run(transaction)` does the work, and gives the
 * answer or a promise of it.
 */
class PrismaPromise {
  #run
  #transaction
  #started

  constructor(run, transaction) {
    this.#run = run
    this.#transaction = transaction
  }

  get [Symbol.toStringTag]() {
    return 'PrismaPromise'
  }

  then(onFulfilled, onRejected) {
    return this.#start().then(onFulfilled, onRejected)
  }

  catch(onRejected) {
    return this.#start().catch(onRejected)
  }

  finally(onFinally) {
    return this.#start().finally(onFinally)
  }

  /** Runs as a part of a batch, as often as it is put into one. */
  requestTransaction(batch) {
    return started(this.#run, batch)
  }

  #start() {
    return (this.#started ??= started(this.#run, this.#transaction))
  }
}

/** A promise of what is there at once, too; and what throws before there is a promise rejects. */
function started(run, transaction) {
  try {
    return Promise.resolve(run(transaction))
  } catch (error) {
    return Promise.reject(error)
  }
}

const isPrismaPromise = (value) => value?.[Symbol.toStringTag] === 'PrismaPromise'

module.exports = { PrismaPromise, isPrismaPromise }
