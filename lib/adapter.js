'use strict'

const { StoreError, invalid } = require('./error.js')
const { AUTH } = require('./store.js')

/** Fields that the adapter gives as Date. */
const TIMES = ['emailVerified', 'expires']

/** Turns the times of a user, a session or a token into Dates. */
function revive(value) {
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) return value.map(revive)
  for (const key of TIMES) {
    if (typeof value[key] === 'string') value[key] = new Date(value[key])
  }
  if (value.user) revive(value.user)
  if (value.session) revive(value.session)
  return value
}

/** The NextAuth 4 and Auth.js 5 adapter: a plain object of functions that need no `this`. */
function QuilltapAdapter(store, options = {}) {
  const calls = store?.[AUTH]
  if (!calls) throw invalid('Arguments', [{ path: 'store', expected: 'a store from createStore', received: typeof store }])
  for (const [name, value] of Object.entries(options ?? {})) {
    if (value === undefined || value === false) continue
    throw new StoreError({
      code: 'VALIDATION',
      message: `QuilltapAdapter does not know the option ${name} yet; leave it out`,
      issues: [{ path: name, expected: 'no such option', received: String(value) }],
    })
  }
  const adapter = {}
  for (const [name, call] of Object.entries(calls)) {
    adapter[name] = async (...args) => revive(await call(...args))
  }
  return adapter
}

module.exports = { QuilltapAdapter }
