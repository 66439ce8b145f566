'use strict'

const { inTransaction } = require('../transaction.js')
const { knownError, unknownError } = require('./errors.js')
const { fromStore } = require('./connection.js')

const DEFAULTS = { maxWait: 2000, timeout: 5000 }
const ISOLATION = ['ReadUncommitted', 'ReadCommitted', 'RepeatableRead', 'Serializable']
/** Failures after which a transaction goes on: PostgreSQL was not asked, or had no fault to find. */
const HARMLESS = new Set(['P2014', 'P2015', 'P2016', 'P2017', 'P2018', 'P2025'])
const ABORTED = 'current transaction is aborted, commands ignored until end of transaction block'

/** A transaction that a function runs in. */
class Interactive {
  kind = 'interactive'
  #connection
  #number
  #began = Date.now()
  #timeout
  /** Why nothing can be asked any more: 'committed', 'rolled back' or 'aborted'. */
  ended

  constructor(connection, number, timeout) {
    this.#connection = connection
    this.#number = number
    this.#timeout = timeout
  }

  async ask(asked) {
    this.expectOpen('query')
    try {
      return await this.#connection.sendInside(this.#number, asked)
    } catch (error) {
      if (this.isExpired()) throw this.#expired('query')
      // As PostgreSQL does: a statement that failed leaves nothing to go on from.
      if (error.code !== undefined && !HARMLESS.has(error.code)) this.ended ??= 'aborted'
      throw error
    }
  }

  expectOpen(what) {
    if (this.ended === 'aborted') throw unknownError(ABORTED)
    if (this.isExpired()) throw this.#expired(what)
    if (this.ended === 'committed') throw closed(`A ${what} cannot be executed on a committed transaction.`)
    if (this.ended !== undefined) throw closed(`A ${what} cannot be executed on a transaction that was rolled back.`)
  }

  isExpired() {
    return this.ended === undefined && Date.now() - this.#began >= this.#timeout
  }

  #expired(operation) {
    const [timeout, timeTaken] = [this.#timeout, Date.now() - this.#began]
    return apiError(
      `A ${operation} cannot be executed on an expired transaction. The timeout for this transaction was ${timeout} ms, however ${timeTaken} ms passed since the start of the transaction. Consider increasing the interactive transaction timeout or doing less work in the transaction.`,
      { operation, timeout, timeTaken },
    )
  }
}

const apiError = (message, meta) => knownError('P2028', `Transaction API error: ${message}`, meta)
const closed = (message) => apiError(`Transaction already closed: ${message}`, {})

/** Runs a function over a client in a transaction; what it throws undoes everything. */
async function runInteractive(connection, clientIn, work, options) {
  const { maxWait, timeout, isolationLevel } = { ...DEFAULTS, ...options }
  if (isolationLevel !== undefined && !ISOLATION.includes(isolationLevel)) {
    throw knownError(
      'P2023',
      `Inconsistent column data: Conversion failed: Invalid isolation level \`${isolationLevel}\``,
      {},
    )
  }
  const { native } = connection
  try {
    native.mayWrite()
  } catch (error) {
    throw fromStore(error)
  }
  const number = await begin(native, maxWait, timeout)
  const transaction = new Interactive(connection, number, timeout)
  return inTransaction(native, number, async () => {
    try {
      const result = await work(clientIn(transaction))
      const aborted = transaction.ended === 'aborted'
      if (!aborted) transaction.expectOpen('commit')
      transaction.ended = aborted ? 'rolled back' : 'committed'
      return { result, commit: !aborted }
    } catch (error) {
      transaction.ended = 'rolled back'
      throw error
    }
  })
}

/** The number of a transaction that began in time; one that begins later is rolled back at once. */
async function begin(native, maxWait, timeout) {
  const begun = native.begin(timeout)
  let timer
  const late = new Promise((resolve) => (timer = setTimeout(resolve, maxWait, undefined)))
  const number = await Promise.race([begun, late]).finally(() => clearTimeout(timer))
  if (number !== undefined) return number
  begun.then((number) => native.finish(number, false)).catch(() => {})
  throw apiError('Unable to start a transaction in the given time.', {})
}

module.exports = { runInteractive }
