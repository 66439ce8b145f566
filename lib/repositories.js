'use strict'

const native = require('./load.js')
const { pack, unpack } = require('./pack.js')
const { payloads } = require('./payloads.js')

/** The calls: `[{ repository, name, kind }]`; a call's number is its place. */
const CALLS = JSON.parse(native.calls())

/** Key of the adapter's calls, which are no part of a store's public face. */
const AUTH = Symbol.for('quilltap.auth')

/** The repositories with their methods, which need no `this`; `methodOf(number, kind, name)` makes one. */
function repositories(methodOf) {
  const made = {}
  CALLS.forEach(({ repository, name, kind }, number) => {
    made[repository] ??= {}
    made[repository][name] = methodOf(number, kind, name)
  })
  const { store: own, auth, ...named } = made
  return Object.defineProperty({ ...named, ...own }, AUTH, { value: auth })
}

/** On a store: what memory can answer never leaves this thread. `mayWrite` throws when it may not. */
function storeRepositories(connection, mayWrite) {
  const bytes = payloads(connection, 0, mayWrite)
  return repositories((number, kind, name) =>
    kind === 'bytes'
      ? bytes[name]
      : kind === 'read'
        ? async (...args) => {
            const text = pack(args)
            return unpack(connection.read(number, text) ?? (await connection.later('readLater', number, text)))
          }
        : async (...args) => {
            mayWrite()
            return unpack(await connection.later('write', number, pack(args)))
          },
  )
}

/** In a transaction: it sees what it has written itself. */
function transactionRepositories(connection, transaction) {
  const bytes = payloads(connection, transaction, () => {})
  return repositories((number, kind, name) =>
    kind === 'bytes'
      ? bytes[name]
      : async (...args) => unpack(await connection.later('inside', transaction, number, pack(args))),
  )
}

module.exports = { AUTH, storeRepositories, transactionRepositories }
