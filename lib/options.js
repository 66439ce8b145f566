'use strict'

const path = require('node:path')
const { described, invalid } = require('./error.js')
const { pack } = require('./pack.js')

const isPositive = (value) => Number.isSafeInteger(value) && value > 0
const isFolder = (value) => typeof value === 'string' && value !== '' && !value.includes('\0')
const isFolders = (value) => value === undefined || (Array.isArray(value) && value.every(isFolder))
const isDurability = (value) => value === 'strict' || value === 'batched'
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value)
const isBoolean = (value) => typeof value === 'boolean'
const isPassphrase = (value) =>
  value === undefined || typeof value === 'string' || typeof value === 'function' || ArrayBuffer.isView(value)

/** Each option: what it must be, how to say so, and what it is when it is not given. */
const OPTIONS = {
  dataDir: [isFolder, 'a path of a folder', () => process.env.DATA_DIR || './data'],
  durability: [isDurability, "'strict' or 'batched'", () => 'strict'],
  maxRecordBytes: [isPositive, 'a number of bytes above 0', () => 16 * 1024 * 1024],
  lockTimeout: [isPositive, 'milliseconds above 0', () => 30_000],
  transactionTimeout: [isPositive, 'milliseconds above 0', () => 5_000],
  pathsWithin: [isFolders, 'a list of paths of folders', () => undefined],
  allowNetworkFs: [isBoolean, 'true or false', () => false],
  collections: [isObject, 'an object of declarations', () => ({})],
  fields: [isObject, 'an object of declarations', () => ({})],
  kdf: [isObject, 'an object of costs', () => ({})],
  // It stays here, where it is asked for when the first secret is.
  passphrase: [isPassphrase, 'a text, bytes, or a function that gives one', () => undefined],
}

/** The options of `createStore`, checked and complete. */
function readOptions(given = {}) {
  if (given === null || typeof given !== 'object') {
    throw invalid('Options', [{ path: '', expected: 'an object', received: described(given) }])
  }
  const issues = Object.keys(given)
    .filter((name) => !Object.hasOwn(OPTIONS, name) && given[name] !== undefined)
    .map((name) => ({ path: name, expected: advice(name, Object.keys(OPTIONS)), received: 'an unknown option' }))
  const options = {}
  for (const [name, [fits, expected, fallback]] of Object.entries(OPTIONS)) {
    options[name] = given[name] === undefined ? fallback() : given[name]
    if (!fits(options[name])) issues.push({ path: name, expected, received: described(options[name]) })
  }
  if (issues.length > 0) throw invalid('Options', issues)
  options.meantDirs = meantBy(options.dataDir)
  options.dataDir = path.resolve(options.dataDir)
  options.pathsWithin = options.pathsWithin?.map((folder) => path.resolve(folder))
  const { collections, fields, ...rest } = options
  // What JSON would drop without a word is refused here.
  rest.declaration = pack([{ collections, fields }]).slice(1, -1)
  return rest
}

/**
 * What a path stands for in the folders in which a shell or npm has started the process: the server of
 * a standalone build changes into its own folder before it loads the app.
 */
function meantBy(dataDir) {
  const { PWD, INIT_CWD } = process.env
  return [PWD, INIT_CWD].filter(Boolean).map((start) => path.resolve(start, dataDir))
}

/** What to write instead of a name that is not known. */
function advice(name, known) {
  const near = known
    .map((other) => [distance(name.toLowerCase(), other.toLowerCase()), other])
    .sort(([a], [b]) => a - b)
  const [steps, nearest] = near[0]
  return steps <= nearest.length / 2 ? `a known option; did you mean ${nearest}?` : `one of ${known.join(', ')}`
}

/** How many letters must be added, removed or changed to make one text of another. */
function distance(one, other) {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at)
  for (let i = 1; i <= one.length; i++) {
    const next = [i]
    for (let j = 1; j <= other.length; j++) {
      const changed = row[j - 1] + (one[i - 1] === other[j - 1] ? 0 : 1)
      next[j] = Math.min(changed, row[j] + 1, next[j - 1] + 1)
    }
    row = next
  }
  return row[other.length]
}

module.exports = { readOptions, advice }
