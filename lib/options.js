'use strict'

const path = require('node:path')
const { invalid } = require('./error.js')

const positive = (value) => Number.isInteger(value) && value > 0

/** Each option: what it must be, how to say so, and what it is when it is not given. */
const OPTIONS = {
  dataDir: [(v) => typeof v === 'string' && v !== '' && !v.includes('\0'), 'a folder path', () => process.env.DATA_DIR || './data'],
  durability: [(v) => v === 'strict' || v === 'batched', "'strict' or 'batched'", () => 'strict'],
  maxRecordBytes: [positive, 'a number of bytes above 0', () => 16 * 1024 * 1024],
  lockTimeout: [positive, 'milliseconds above 0', () => 30_000],
  transactionTimeout: [positive, 'milliseconds above 0', () => 5_000],
  allowNetworkFs: [(v) => typeof v === 'boolean', 'true or false', () => false],
}

/** Letters in order: two names with the same ones are likely misspellings of each other. */
const letters = (name) => [...name.toLowerCase().replace(/[^a-z]/g, '')].sort().join('')

/** The options of `createStore`, checked and complete. */
function readOptions(given = {}) {
  if (given === null || typeof given !== 'object') {
    throw invalid('Options', [{ path: '', expected: 'an object', received: String(given) }])
  }
  const issues = []
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(OPTIONS, name) || given[name] === undefined) continue
    const near = Object.keys(OPTIONS).find((known) => letters(known) === letters(name) || known.toLowerCase().startsWith(name.toLowerCase()))
    const expected = near ? `a known option; did you mean ${near}?` : `one of ${Object.keys(OPTIONS).join(', ')}`
    issues.push({ path: name, expected, received: 'an unknown option' })
  }
  const options = {}
  for (const [name, [fits, expected, fallback]] of Object.entries(OPTIONS)) {
    const value = given[name] === undefined ? fallback() : given[name]
    if (!fits(value)) issues.push({ path: name, expected, received: typeof value === 'string' ? `'${value}'` : String(value) })
    options[name] = value
  }
  if (issues.length > 0) throw invalid('Options', issues)
  options.dataDir = path.resolve(options.dataDir)
  return options
}

module.exports = { readOptions }
