'use strict'

const { inspect } = require('node:util')
const { backupArguments } = require('./backups.js')
const { Brought } = require('./brought.js')
const { declaredCalls } = require('./collections.js')
const { connect } = require('./connection.js')
const { events } = require('./events.js')
const { folderOf, readOptions } = require('./options.js')
const { BROUGHT, storeRepositories } = require('./repositories.js')
const { keys } = require('./keys.js')
const { passphraseSource } = require('./passphrase.js')
const { BETTER_AUTH_STORE, PRISMA, STUDIO, requests, studioCalls, tables } = require('./requests.js')
const { refuseInside, transaction } = require('./transaction.js')

/** Opens a store on a folder or a database: synchronous and lazy, nothing is read before the first call. */
function createStore(given) {
  const { passphrase, undefinedInWhere, ...options } = readOptions(given)
  const { dataDir, database, durability = 'strict' } = options
  const declared = declaredCalls(given, options.declaration)
  const calls = undefinedInWhere === 'ignore' ? declared.map((call) => ({ ...call, narrows: undefined })) : declared
  const connection = connect(options)
  const mayWrite = () => refuseInside(dataDir)
  const unlocking = keys(calls, connection, passphraseSource(passphrase), mayWrite)
  /** What would wait for a transaction under way, and so for itself when made in it. */
  const outside = async (method, ...args) => {
    refuseInside(dataDir)
    await connection.run(method, ...args)
  }
  const close = () => outside('close')
  const brought = new Brought()
  const repositories = storeRepositories(calls, connection, unlocking, mayWrite)
  const made = Object.assign(repositories, events(connection), {
    open: async () => void (await connection.run('open')),
    flush: async () => void (await connection.run('flush')),
    compact: () => outside('compact'),
    snapshot: async (dir) => outside('snapshot', folderOf('dir', dir)),
    backup: async (place, options) => {
      refuseInside(dataDir)
      return connection.run('backup', ...backupArguments(place, options))
    },
    stats: () => connection.run('stats'),
    check: async () => {
      refuseInside(dataDir)
      return connection.run('check')
    },
    close,
    transaction: (work, options) => transaction(calls, connection, unlocking, dataDir, brought, work, options),
    [Symbol.asyncDispose ?? Symbol.for('nodejs.asyncDispose')]: close,
    [inspect.custom]: () =>
      `Store { ${dataDir}${database ? '' : `, ${durability}`}: ${[...collectionsOf(calls), ...brought.names()].join(', ')} }`,
  })
  return Object.defineProperties(made, {
    [PRISMA]: { value: requests(calls, connection, dataDir) },
    [STUDIO]: { value: studioCalls(calls, connection, made, dataDir) },
    [BETTER_AUTH_STORE]: { value: tables(calls, connection, unlocking, made, dataDir, brought) },
  })
}

/** The names of the collections that have calls. */
function collectionsOf(calls) {
  const named = calls.filter(({ name, repository }) => name === 'findById' && repository !== BROUGHT)
  return named.map(({ repository }) => repository)
}

module.exports = { createStore }
