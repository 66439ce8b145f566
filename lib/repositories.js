'use strict'

const { Copies } = require('./copies.js')
const { pack, unpack } = require('./pack.js')

/** Key of the adapter's calls, which are no part of a store's public face. */
const AUTH = Symbol.for('quilltap.auth')

/** The repositories with their methods, which need no `this`; `methodOf(number, kind)` makes one. */
function repositories(calls, methodOf) {
  const made = {}
  calls.forEach(({ repository, name, kind }, number) => {
    made[repository] ??= {}
    made[repository][name] = methodOf(number, kind)
  })
  const { store: own, auth, ...named } = made
  return Object.defineProperty({ ...named, ...own }, AUTH, { value: auth })
}

/** On a store: what memory can answer never leaves this thread. `mayWrite` throws when it may not. */
function storeRepositories(calls, connection, mayWrite) {
  const copies = new Copies()
  return repositories(calls, (number, kind) =>
    kind === 'read'
      ? async (...args) => {
          const text = pack(args)
          const answer = copies.answer(number + text, (known) => connection.read(number, text, known))
          return answer === undefined ? unpack(await connection.later('readLater', number, text)) : answer
        }
      : async (...args) => {
          mayWrite()
          return unpack(await connection.later('write', number, pack(args)))
        },
  )
}

/** In a transaction: it sees what it has written itself. */
function transactionRepositories(calls, connection, transaction) {
  return repositories(
    calls,
    (number) =>
      async (...args) =>
        unpack(await connection.later('inside', transaction, number, pack(args))),
  )
}

module.exports = { AUTH, storeRepositories, transactionRepositories }
