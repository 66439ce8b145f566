'use strict'

const { described, invalid } = require('./error.js')
const { advice } = require('./options.js')
const { AUTH } = require('./repositories.js')

/** How tokens are kept: which calls look at it is the store's own affair. */
const OPTIONS = ['encryptTokens', 'hashSessionTokens']

/** The NextAuth 4 and Auth.js 5 adapter: a plain object of functions that need no `this`. */
function QuilltapAdapter(store, options) {
  const calls = store?.[AUTH]
  if (!calls) {
    throw invalid('Arguments', [{ path: 'store', expected: 'a store from createStore', received: described(store) }])
  }
  const how = readOptions(options ?? {})
  const adapter = {}
  for (const [name, call] of Object.entries(calls)) {
    const made = how ? (...args) => call(...Array.from({ length: call.length }, (_, at) => args[at]), how) : call
    const times = timesOf(name)
    adapter[name] = times ? async (...args) => times(await made(...args)) : made
  }
  return adapter
}

/** The options that are on; undefined when none is. */
function readOptions(options) {
  const issues = []
  for (const [name, value] of Object.entries(options)) {
    if (!OPTIONS.includes(name)) {
      issues.push({ path: name, expected: advice(name, OPTIONS), received: 'an unknown option' })
    } else if (value !== undefined && typeof value !== 'boolean') {
      issues.push({ path: name, expected: 'true or false', received: described(value) })
    }
  }
  if (issues.length > 0) throw invalid('Options', issues)
  const on = OPTIONS.filter((name) => options[name] === true)
  return on.length > 0 ? Object.fromEntries(on.map((name) => [name, true])) : undefined
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
