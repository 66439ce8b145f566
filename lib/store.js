'use strict'

const { AsyncLocalStorage } = require('node:async_hooks')
const { Connection, repositories } = require('./connection.js')
const { StoreError, invalid } = require('./error.js')
const { readOptions } = require('./options.js')

/** The adapter's calls of a store, which are no part of its public face. */
const AUTH = Symbol('auth')
/** The stores on which the current call chain has a transaction under way. */
const underWay = new AsyncLocalStorage()

const EVENTS = ['change']

/** Opens a store on a folder: synchronous and lazy, nothing is read before the first call. */
function createStore(given) {
  const options = readOptions(given)
  const connection = new Connection(options)
  const identity = options.dataDir
  const call = async (number, args, kind) => {
    if (kind === 'write' && underWay.getStore()?.has(identity)) throw waitsForItself()
    return connection.call(number, args)
  }
  const { store: own, auth, ...named } = repositories(call)
  const store = {
    ...named,
    ...own,
    open: () => open(connection),
    flush: async () => void (await connection.run('flush')),
    compact: async () => void (await connection.run('compact')),
    stats: () => connection.run('stats'),
    close: async () => void (await connection.run('close')),
    transaction: (work, settings) => transaction(connection, identity, work, settings),
    ...listening(connection),
    [Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]: async () => void (await connection.run('close')),
  }
  Object.defineProperty(store, AUTH, { value: auth })
  return store
}

async function open(connection) {
  const warning = await connection.run('open')
  if (warning) process.emitWarning(warning, 'QuilltapStoreWarning')
}

function waitsForItself() {
  return new StoreError({
    code: 'LOCKED',
    message: 'this call would wait for the transaction that it is made in; use the tx that the function is given',
  })
}

/** Runs a function whose calls are one atomic change; nothing stays when it throws. */
async function transaction(connection, identity, work, settings = {}) {
  if (typeof work !== 'function') {
    throw invalid('Arguments', [{ path: 'fn', expected: 'a function', received: typeof work }])
  }
  const { timeout = 0 } = settings
  if (!(Number.isInteger(timeout) && timeout >= 0)) {
    throw invalid('Options', [{ path: 'timeout', expected: 'milliseconds', received: String(timeout) }])
  }
  const above = underWay.getStore()
  if (above?.has(identity)) throw waitsForItself()
  const number = await connection.begin(timeout)
  const { store: own, auth, ...named } = repositories((call, args) => connection.inside(number, call, args))
  const tx = { ...named, ...own }
  Object.defineProperty(tx, AUTH, { value: auth })
  let result
  try {
    result = await underWay.run(new Set([...(above ?? []), identity]), () => work(tx))
  } catch (error) {
    // What went wrong in the function is the news; a transaction that has ended is rolled back.
    await connection.finish(number, false).catch(() => {})
    throw error
  }
  await connection.finish(number, true)
  return result
}

/** `on` and `off`. */
function listening(connection) {
  const listeners = new Set()
  let subscribed = false
  const deliver = (texts) => {
    for (const text of texts) {
      for (const listener of [...listeners]) listener(JSON.parse(text))
    }
  }
  const check = (event, listener) => {
    if (!EVENTS.includes(event)) throw invalid('Arguments', [{ path: 'event', expected: "'change'", received: String(event) }])
    if (typeof listener !== 'function') throw invalid('Arguments', [{ path: 'fn', expected: 'a function', received: typeof listener }])
  }
  return {
    on(event, listener) {
      check(event, listener)
      listeners.add(listener)
      if (!subscribed) connection.subscribe(deliver)
      subscribed = true
      return () => listeners.delete(listener)
    },
    off(event, listener) {
      check(event, listener)
      listeners.delete(listener)
    },
  }
}

module.exports = { createStore, AUTH }
