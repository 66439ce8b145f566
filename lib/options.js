'use strict'

const path = require('node:path')
const { described, invalid } = require('./error.js')
const { pack } = require('./pack.js')

const isPositive = (value) => Number.isSafeInteger(value) && value > 0
const isFolder = (value) => typeof value === 'string' && value !== '' && !value.includes('\0')
const isFolders = (value) => Array.isArray(value) && value.every(isFolder)
const isDurability = (value) => value === 'strict' || value === 'batched'
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value)
const isBoolean = (value) => typeof value === 'boolean'
const isPassphrase = (value) => typeof value === 'string' || typeof value === 'function' || ArrayBuffer.isView(value)

/**
 * Each option: what it must be, and how to say so. What it is when it is not given, the native part knows.
 * @type {Record<string, [(value: unknown) => boolean, string]>}
 */
const OPTIONS = {
  dataDir: [isFolder, 'a path of a folder'],
  durability: [isDurability, "'strict' or 'batched'"],
  maxRecordBytes: [isPositive, 'a number of bytes above 0'],
  lockTimeout: [isPositive, 'milliseconds above 0'],
  transactionTimeout: [isPositive, 'milliseconds above 0'],
  pathsWithin: [isFolders, 'a list of paths of folders'],
  allowNetworkFs: [isBoolean, 'true or false'],
  trustSharedFolder: [isBoolean, 'true or false'],
  collections: [isObject, 'an object of declarations'],
  fields: [isObject, 'an object of declarations'],
  kdf: [isObject, 'an object of costs'],
  // It stays here, where it is asked for when the first secret is.
  passphrase: [isPassphrase, 'a text, bytes, or a function that gives one'],
}

/**
 * The options of `createStore`, checked, with paths that no later `chdir` changes.
 * @param {Record<string, any>} given
 */
function readOptions(given = {}) {
  if (given === null || typeof given !== 'object') {
    throw invalid('Options', [{ path: '', expected: 'an object', received: described(given) }])
  }
  const issues = Object.keys(given)
    .filter((name) => !Object.hasOwn(OPTIONS, name) && given[name] !== undefined)
    .map((name) => ({ path: name, expected: advice(name, Object.keys(OPTIONS)), received: 'an unknown option' }))
  const fallback = given.dataDir === undefined ? process.env.DATA_DIR || './data' : given.dataDir
  const {
    collections = {},
    fields = {},
    passphrase,
    dataDir,
    pathsWithin,
    ...rest
  } = /** @type {Record<string, any>} */ ({ ...given, dataDir: fallback })
  for (const [name, [fits, expected]] of Object.entries(OPTIONS)) {
    const value = name === 'dataDir' ? dataDir : given[name]
    if (value !== undefined && !fits(value)) issues.push({ path: name, expected, received: described(value) })
  }
  if (issues.length > 0) throw invalid('Options', issues)
  return {
    ...rest,
    passphrase,
    dataDir: path.resolve(dataDir),
    meantDirs: meantBy(dataDir),
    pathsWithin: pathsWithin?.map((folder) => path.resolve(folder)),
    // What JSON would drop without a word is refused here.
    declaration: pack([{ collections, fields }]).slice(1, -1),
  }
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

module.exports = { OPTIONS, readOptions, advice }
