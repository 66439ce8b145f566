'use strict'

const native = require('./load.js')
const { StoreError, invalid } = require('./error.js')
const { unpack } = require('./pack.js')

/** What a store has, or will have, under its own name; and what would make it a promise. */
const TAKEN = [
  'open flush compact stats snapshot check close transaction on off secrets then',
  'encryptJson decryptJson encryptBuffer decryptBuffer auth store',
].flatMap((names) => names.split(' '))

/**
 * The calls on a store with a declaration: `[{ repository, name, kind }]`; a call's number is its
 * place.
 */
const callsOf = (declaration) => unpack(native.calls(declaration))

/** The calls where nothing is declared. */
const builtIn = callsOf('{}')
const taken = new Set([
  ...TAKEN,
  ...builtIn.map(({ repository, name }) => (repository === 'store' ? name : repository)),
])

/** The calls on a store with what `createStore` was given; throws with every fault of that. */
function declaredCalls(given, declaration) {
  if (given?.collections === undefined && given?.fields === undefined) return builtIn
  const names = Object.keys(given?.collections ?? {}).filter((name) => taken.has(name) || name in {})
  const issues = names.map((name) => ({
    path: `collections.${name}`,
    expected: 'a name that is free',
    received: 'one that a store has itself',
  }))
  try {
    const calls = callsOf(declaration)
    if (issues.length === 0) return calls
  } catch (error) {
    if (!(error instanceof StoreError && error.issues)) throw error
    issues.push(...error.issues)
  }
  throw invalid('Collections', issues)
}

module.exports = { declaredCalls }
