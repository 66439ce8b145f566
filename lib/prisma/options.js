'use strict'

const { advice, OPTIONS } = require('../options.js')
const { PRISMA } = require('../requests.js')
const { initializationError } = require('./errors.js')

/** Options of Prisma's own that are meaningful here. */
const OURS = ['store', 'log', 'errorFormat', 'transactionOptions', 'omit']
const FORMATS = ['pretty', 'colorless', 'minimal']
const NO_DATABASE =
  'there is no database under this client: take the option out, and give `dataDir` (a folder) or `store` (from createStore)'
/** Options that name a database, and what to do instead. */
const REFUSED = {
  datasourceUrl: NO_DATABASE,
  datasources: NO_DATABASE,
  adapter: NO_DATABASE,
  accelerateUrl: NO_DATABASE,
  comments: 'there is no SQL to comment here; take the option out',
}

/** Splits what `new PrismaClient` is given into the client's options and those of `createStore`. */
function readOptions(given = {}) {
  if (given === null || typeof given !== 'object') throw wrong('options', 'an object')
  const store = {}
  const options = {}
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || name === '__internal') continue
    if (name in REFUSED) throw initializationError(`Unknown option \`${name}\` of PrismaClient: ${REFUSED[name]}`)
    if (OURS.includes(name)) options[name] = value
    else if (name in OPTIONS) store[name] = value
    else throw wrong(name, advice(name, [...OURS, ...Object.keys(OPTIONS)]))
  }
  check(options, store)
  return { ...options, storeOptions: store }
}

function check({ store, log, errorFormat, transactionOptions, omit }, storeOptions) {
  if (store !== undefined && !store?.[PRISMA]) throw wrong('store', 'a store from createStore')
  if (store !== undefined && Object.keys(storeOptions).length > 0) {
    throw wrong(Object.keys(storeOptions)[0], 'no option of createStore beside `store`, which has its own')
  }
  if (log !== undefined && !Array.isArray(log)) throw wrong('log', 'an array')
  if (errorFormat !== undefined && !FORMATS.includes(errorFormat))
    throw wrong('errorFormat', `one of ${FORMATS.join(', ')}`)
  for (const [name, value] of Object.entries({ transactionOptions, omit })) {
    if (value !== undefined && (typeof value !== 'object' || value === null)) throw wrong(name, 'an object')
  }
}

function wrong(name, expected) {
  return initializationError(`Invalid option \`${name}\` of PrismaClient: expected ${expected}`)
}

module.exports = { readOptions }
