'use strict'

const { AsyncLocalStorage } = require('node:async_hooks')
const { StoreError, invalid } = require('./error.js')
const { transactionRepositories } = require('./repositories.js')

/** The transactions in which the code that runs was called, the innermost first. */
const underWay = new AsyncLocalStorage()

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
async function transaction(calls, connection, keys, dataDir, work, options) {
  const timeout = readTimeout(work, options)
  refuseInside(dataDir)
  const number = await connection.run('begin', timeout)
  const here = { dataDir, ended: false, above: underWay.getStore() }
  const tx = transactionRepositories(calls, connection, keys, number)
  let result
  try {
    result = await underWay.run(here, async () => work(tx))
  } catch (error) {
    here.ended = true
    // What went wrong in the function is the news; a transaction that has ended is rolled back.
    await connection.run('finish', number, false).catch(() => {})
    throw error
  }
  here.ended = true
  await connection.run('finish', number, true)
  return result
}

/** The time that a transaction may take, in milliseconds; 0 for that of the store. */
function readTimeout(work, options) {
  const issues = []
  if (typeof work !== 'function') issues.push({ path: 'fn', expected: 'a function', received: typeof work })
  const timeout = options?.timeout ?? 0
  if (!Number.isSafeInteger(timeout) || timeout < 0) {
    issues.push({ path: 'timeout', expected: 'milliseconds', received: String(timeout) })
  }
  if (issues.length > 0) throw invalid('Arguments', issues)
  return timeout
}

module.exports = { refuseInside, transaction }
