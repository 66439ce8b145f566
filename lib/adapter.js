'use strict'

const { StoreError, described, invalid } = require('./error.js')
const { advice } = require('./options.js')
const { AUTH } = require('./repositories.js')

/** Options that come with the secrets: refused, for who asks for sealed tokens must get them. */
const SOON = ['encryptTokens', 'hashSessionTokens']

/** The NextAuth 4 and Auth.js 5 adapter: a plain object of functions that need no `this`. */
function QuilltapAdapter(store, options) {
  const calls = store?.[AUTH]
  if (!calls) {
    throw invalid('Arguments', [{ path: 'store', expected: 'a store from createStore', received: described(store) }])
  }
  checkOptions(options ?? {})
  const adapter = {}
  for (const [name, call] of Object.entries(calls)) {
    const times = timesOf(name)
    adapter[name] = times ? async (...args) => times(await call(...args)) : call
  }
  return adapter
}

function checkOptions(options) {
  for (const [name, value] of Object.entries(options)) {
    if (!SOON.includes(name)) {
      throw invalid('Options', [{ path: name, expected: advice(name, SOON), received: 'an unknown option' }])
    }
    if (value === undefined || value === false) continue
    throw new StoreError({
      code: 'VALIDATION',
      message: `this version of quilltap-store cannot do ${name} yet; leave it out, and tokens are kept as they are given`,
      issues: [{ path: name, expected: 'false, or nothing', received: described(value) }],
    })
  }
}

/** What turns the times of an answer into Dates; an account has none, whatever its keys are. */
function timesOf(call) {
  if (call === 'getSessionAndUser') return bothTimes
  if (call.includes('User')) return call.includes('Authenticator') ? undefined : userTimes
  if (call.includes('Session') || call.includes('Token')) return expiry
  return undefined
}

const userTimes = (user) => revive(user, 'emailVerified')
const expiry = (value) => revive(value, 'expires')

function bothTimes(found) {
  if (found === null) return null
  expiry(found.session)
  userTimes(found.user)
  return found
}

function revive(value, key) {
  if (typeof value?.[key] === 'string') value[key] = new Date(value[key])
  return value
}

module.exports = { QuilltapAdapter }
