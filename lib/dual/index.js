'use strict'

const native = require('../load.js')
const { described, invalid } = require('../error.js')
const { callOptions, dataDirOf, folderOf } = require('../options.js')
const { unpack } = require('../pack.js')
const { PrismaClient } = require('../prisma/index.js')
const { PRISMA } = require('../requests.js')
const { Both } = require('./client.js')
const { Log } = require('./log.js')
const { Second } = require('./second.js')

const MODES = ['prisma', 'dual', 'json']
const isShare = (value) => typeof value === 'number' && value >= 0 && value <= 1
const isPositive = (value) => typeof value === 'number' && value > 0
const OPTIONS = {
  primary: [(value) => ['object', 'function'].includes(typeof value), 'a PrismaClient, or a function that makes one'],
  store: [(value) => Boolean(value?.[PRISMA]), 'a store from createStore'],
  mode: [(value) => MODES.includes(value), "'prisma', 'dual' or 'json'"],
  shadowShare: [isShare, 'a number from 0 to 1'],
  shadowBudget: [isPositive, 'milliseconds a second, above 0'],
  queue: [isPositive, 'a number of writes, above 0'],
}

/**
 * The app's Prisma client while it moves over: on the database alone, on the database and the store, or
 * on the store alone.
 */
function createDualClient(given = {}) {
  const options = callOptions(given, OPTIONS)
  const { mode = modeOf(process.env.DATA_BACKEND), shadowShare = 0.1, shadowBudget = 100, queue = 1000 } = options
  if (options.store === undefined && mode !== 'prisma') throw missing('store')
  if (mode === 'json') return new PrismaClient({ store: options.store })
  if (options.primary === undefined) throw missing('primary')
  const primary = isFactory(options.primary) ? options.primary() : options.primary
  if (mode === 'prisma') return primary
  const { store } = options
  const log = new Log(store[PRISMA].dataDir)
  // Errors of the store's side are known by their codes; nobody reads their words.
  const here = new PrismaClient({ store, errorFormat: 'minimal' })
  const second = new Second({ log, here, primary, store, queue, budget: shadowBudget })
  return new Both(log, second, shadowShare).client(primary)
}

function modeOf(word) {
  if (word === undefined || word === '') return 'prisma'
  if (MODES.includes(word)) return word
  throw invalid('Options', [{ path: 'DATA_BACKEND', expected: OPTIONS.mode[1], received: described(word) }])
}

/** A client may itself be callable, by a proxy. */
const isFactory = (value) => typeof value === 'function' && value.$transaction === undefined

function missing(path) {
  return invalid('Options', [{ path, expected: OPTIONS[path][1], received: 'nothing' }])
}

/** What stands in the way of the cut-over; null where nothing was ever written to both sides. */
async function dualStatus({ dataDir } = {}) {
  return unpack(await native.dualStatus(folderOf('dataDir', dataDirOf(dataDir))))
}

module.exports = { createDualClient, dualStatus }
