'use strict'

const { AsyncLocalStorage } = require('node:async_hooks')
const { inspect } = require('node:util')
const { StoreError, described, invalid } = require('./error.js')
const { LONGEST_TRANSACTION } = require('./options.js')
const { transactionRepositories } = require('./repositories.js')

/**
 * The transactions in which the code that runs was called, the innermost first. All copies of the
 * package in a process have this in common: what one copy does in a transaction of another, on the
 * same folder, would wait for itself too.
 */
const underWay = (globalThis[Symbol.for('quilltap-store.transactions.v1')] ??= new AsyncLocalStorage())

/** Throws when what is to be done would wait for the transaction that it is made in. */
function refuseInside(dataDir) {
  for (let at = underWay.getStore(); at !== undefined; at = at.above) {
    if (at.dataDir === dataDir && !at.ended) throw waitsForItself()
  }
}

function waitsForItself() {
  return new StoreError({
    code: 'LOCKED',
    message: 'this call would wait for the transaction that it is made in; use the tx that the function is given',
  })
}

/** Runs a function whose calls are one atomic change; nothing stays when it throws. */
async function transaction(calls, connection, keys, dataDir, brought, work, options) {
  const timeout = readTimeout(work, options)
  refuseInside(dataDir)
  await brought.declared()
  const number = await connection.run('begin', timeout)
  const tx = transactionRepositories(calls, connection, keys, number)
  brought.addInside(tx)
  Object.defineProperty(tx, inspect.custom, { value: () => `Transaction { ${dataDir} }` })
  const finish = (number, commit) => connection.run('finish', number, commit)
  return inTransaction({ dataDir, finish }, number, async () => ({ result: await work(tx), commit: true }))
}

/** Runs a function in the transaction of this number, which then ends as the function says. */
async function inTransaction({ dataDir, finish }, number, work) {
  const here = { dataDir, ended: false, above: underWay.getStore() }
  let done
  try {
    done = await underWay.run(here, work)
  } catch (error) {
    here.ended = true
    // What went wrong in the function is the news; a transaction that has ended is rolled back.
    await finish(number, false).catch(() => {})
    throw error
  }
  here.ended = true
  await finish(number, done.commit)
  return done.result
}

/** The time that a transaction may take, in milliseconds; 0 for that of the store. */
function readTimeout(work, options) {
  const issues = []
  if (typeof work !== 'function') issues.push({ path: 'fn', expected: 'a function', received: typeof work })
  const timeout = options?.timeout ?? 0
  if (!Number.isSafeInteger(timeout) || timeout < 0 || timeout > LONGEST_TRANSACTION) {
    const expected = `milliseconds, at most ${LONGEST_TRANSACTION}`
    issues.push({ path: 'timeout', expected, received: described(timeout) })
  }
  if (issues.length > 0) throw invalid('Arguments', issues)
  return timeout
}

module.exports = { refuseInside, transaction, inTransaction }
