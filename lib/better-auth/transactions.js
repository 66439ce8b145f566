'use strict'

const { AsyncLocalStorage } = require('node:async_hooks')
const { inTransaction } = require('../transaction.js')

/**
 * Transactions of Better Auth's. Whatever is asked while the function of one runs belongs to it, by
 * whichever adapter it is asked: Better Auth's plugins do not all pass the one that they are given.
 */
function transactionsOn(tables) {
  const underWay = new AsyncLocalStorage()
  return {
    /** The calls of the transaction that the code runs in, if it does. */
    current: () => underWay.getStore(),
    async run(work) {
      if (underWay.getStore() !== undefined) return work()
      tables.mayWrite()
      const number = await tables.begin()
      return inTransaction(tables, number, async () => ({
        result: await underWay.run(tables.inside(number), work),
        commit: true,
      }))
    },
  }
}

module.exports = { transactionsOn }
