'use strict'

/**
 * What a model's method answers: a promise that starts nothing before somebody waits for it, so that
 * it can be put into a `$transaction` instead. `run(transaction)` does the work.
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
    return settled(this.#run, batch)
  }

  #start() {
    return (this.#started ??= settled(this.#run, this.#transaction))
  }
}

/** What throws before the first `await` rejects, too. */
async function settled(run, transaction) {
  return run(transaction)
}

const isPrismaPromise = (value) => value?.[Symbol.toStringTag] === 'PrismaPromise'

module.exports = { PrismaPromise, isPrismaPromise }
