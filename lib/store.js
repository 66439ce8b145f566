'use strict'

const { declaredCalls } = require('./collections.js')
const { connect } = require('./connection.js')
const { events } = require('./events.js')
const { readOptions } = require('./options.js')
const { storeRepositories } = require('./repositories.js')
const { keys } = require('./keys.js')
const { passphraseSource } = require('./passphrase.js')
const { refuseInside, transaction } = require('./transaction.js')

/** Opens a store on a folder: synchronous and lazy, nothing is read before the first call. */
function createStore(given) {
  const { passphrase, ...options } = readOptions(given)
  const { dataDir } = options
  const calls = declaredCalls(given, options.declaration)
  const connection = connect(options)
  const mayWrite = () => refuseInside(dataDir)
  const unlocking = keys(calls, connection, passphraseSource(passphrase), mayWrite)
  /** What would wait for a transaction under way, and so for itself when made in it. */
  const outside = async (method) => {
    refuseInside(dataDir)
    await connection.run(method)
  }
  const close = () => outside('close')
  const repositories = storeRepositories(calls, connection, unlocking, mayWrite)
  return Object.assign(repositories, events(connection), {
    open: async () => void (await connection.run('open')),
    flush: async () => void (await connection.run('flush')),
    compact: () => outside('compact'),
    stats: () => connection.run('stats'),
    close,
    transaction: (work, options) => transaction(calls, connection, unlocking, dataDir, work, options),
    [Symbol.asyncDispose ?? Symbol.for('nodejs.asyncDispose')]: close,
  })
}

module.exports = { createStore }
