'use strict'

const native = require('./load.js')
const { PLAIN } = require('./copies.js')
const { pack, unpack } = require('./pack.js')
const { isPrerendering } = require('./prerender.js')
const { BETTER_AUTH, STUDIO_CALLS, transactionRepositories } = require('./repositories.js')
const { refuseInside } = require('./transaction.js')

/** Key of what Prisma's client needs of a store, which is no part of its public face. */
const PRISMA = Symbol.for('quilltap.prisma.requests')

/** Prisma's requests on a store: texts in and out, by the name of their call. */
function requests(calls, connection, dataDir) {
  const numbers = {}
  calls.forEach(({ repository, name }, number) => {
    if (repository === 'prisma') numbers[name] = number
  })
  return {
    dataDir,
    /** Throws where a change would wait for the transaction that it is made in. */
    mayWrite: () => refuseInside(dataDir),
    /** The answer's text if memory has it and may give it at once, else null. */
    read: (name, text, known) => (isPrerendering() ? null : connection.read(numbers[name], text, known)),
    /** Is what an answer was made of as it was, and may it be given at once? (`models` and `print` come with it.) */
    isSame: (models, print) => !isPrerendering() && connection.isSame(models, print),
    readLater: (name, text) => connection.readLater(numbers[name], text, PLAIN),
    write: async (name, text) => connection.write(numbers[name], text),
    inside: (transaction, name, text) => connection.later('inside', transaction, numbers[name], text),
    begin: (timeout) => connection.run('begin', timeout),
    finish: (transaction, commit) => connection.run('finish', transaction, commit),
  }
}

/** Key of what Better Auth's adapter needs of a store. */
const BETTER_AUTH_STORE = Symbol.for('quilltap.betterAuth.store')

/** Better Auth's tables on a store: its calls by their names, and transactions of them. */
function tables(calls, connection, keys, store, dataDir, brought) {
  const byName = (repositories) => Object.fromEntries(repositories[BETTER_AUTH].map(({ name, run }) => [name, run]))
  return {
    dataDir,
    ...byName(store),
    inside: (transaction) => byName(transactionRepositories(calls, connection, keys, transaction)),
    declare: (schema) => connection.run('declareBetterAuth', schema),
    /** Puts the collections of a schema on the store. */
    bring: (schema, declare) => brought.add(store, unpack(native.betterAuthCollections(schema)), declare),
    mayWrite: () => refuseInside(dataDir),
    begin: () => connection.run('begin', 0),
    finish: (transaction, commit) => connection.run('finish', transaction, commit),
  }
}

/** Key of what the studio needs of a store. */
const STUDIO = Symbol.for('quilltap.studio')

/** The studio's calls on a store, by their names, and the store itself. */
function studioCalls(calls, connection, store, dataDir) {
  const made = Object.fromEntries(store[STUDIO_CALLS].map(({ name, run }) => [name, (...args) => run(args)]))
  calls.forEach((call, number) => {
    if (call.repository !== 'studio' || call.kind !== 'read') return
    // Lists walk over much: never on the thread on which an app answers its own users.
    made[call.name] = async (...args) => unpack(await connection.readLater(number, pack(args, call), PLAIN))
  })
  return { calls: made, store, dataDir }
}

module.exports = { BETTER_AUTH_STORE, PRISMA, STUDIO, requests, studioCalls, tables }
