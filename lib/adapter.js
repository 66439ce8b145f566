'use strict'

const { described, invalid } = require('./error.js')
const { advice } = require('./options.js')
const { AUTH } = require('./repositories.js')

/** The NextAuth 4 and Auth.js 5 adapter: a plain object of functions that need no `this`. */
function QuilltapAdapter(store, options) {
  const calls = store?.[AUTH]
  if (!calls) {
    throw invalid('Arguments', [{ path: 'store', expected: 'a store from createStore', received: described(store) }])
  }
  const on = flagsOf(options ?? {}, new Set(calls.flatMap(({ how = [] }) => how)))
  const adapter = {}
  for (const { name, run, how = [], dates = [] } of calls) {
    const flags = how.filter((flag) => on.includes(flag))
    const asked = flags.length > 0 ? Object.fromEntries(flags.map((flag) => [flag, true])) : undefined
    const times = dates.map((path) => path.split('.'))
    adapter[name] = async (...args) => revived(await run(args, asked), times)
  }
  return adapter
}

/** The names of the options that are on. */
function flagsOf(options, known) {
  const issues = []
  for (const [name, value] of Object.entries(options)) {
    if (!known.has(name)) {
      issues.push({ path: name, expected: advice(name, [...known]), received: 'an unknown option' })
    } else if (value !== undefined && typeof value !== 'boolean') {
      issues.push({ path: name, expected: 'true or false', received: described(value) })
    }
  }
  if (issues.length > 0) throw invalid('Options', issues)
  return Object.keys(options).filter((name) => options[name] === true)
}

/** An answer with a Date in place of each time, where it has one. */
function revived(answer, times) {
  for (const path of times) {
    const holder = path.slice(0, -1).reduce((value, key) => value?.[key], answer)
    const key = path.at(-1)
    if (typeof holder?.[key] === 'string') holder[key] = new Date(holder[key])
  }
  return answer
}

module.exports = { QuilltapAdapter, flagsOf }
