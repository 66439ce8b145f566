'use strict'

const path = require('node:path')
const { fileURLToPath } = require('node:url')
const { described, invalid } = require('./error.js')
const { pack } = require('./pack.js')

const isPositive = (value) => Number.isSafeInteger(value) && value > 0
const isFolder = (value) => typeof value === 'string' && value !== '' && !value.includes('\0') && value[0] !== '~'
const FOLDER = 'a path of a folder, or a file: URL of one (~ is not expanded: use os.homedir(), or ./~ for that name)'
const isFolders = (value) => Array.isArray(value) && value.every(isFolder)
const isDurability = (value) => value === 'strict' || value === 'batched'
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value)
const isUndefinedRule = (value) => value === 'refuse' || value === 'ignore'
const isBoolean = (value) => typeof value === 'boolean'
const isPassphrase = (value) => typeof value === 'string' || typeof value === 'function' || ArrayBuffer.isView(value)

/** Several hosts may stand in it, which no `URL` has. What is behind the last @ can be shown: no password is there. */
const ADDRESS = /^postgres(?:ql)?:\/\/(?:.*@)?(?<host>[^/?]*)(?<name>[^?]*)\??(?<query>.*)$/
const isAddress = (value) => typeof value === 'string' && ADDRESS.test(value)
const DATABASE = {
  url: isAddress,
  connections: (value) => value === undefined || isPositive(value),
}
const isDatabase = (value) =>
  isAddress(value) ||
  (isObject(value) &&
    Object.keys(value).every((key) => Object.hasOwn(DATABASE, key)) &&
    Object.entries(DATABASE).every(([key, fits]) => fits(value[key])))
/** A bucket of object storage and what its keys begin with; what may stand in it, the native part knows. */
const isBucket = (value) => typeof value === 'string' && value.startsWith('s3://')
/** @type {[(value: unknown) => boolean, string]} */
const BUCKET = [isBucket, "'s3://bucket/prefix'"]

/** What a database decides by itself, or has not. */
const OF_FOLDERS = ['dataDir', 'durability', 'allowNetworkFs', 'trustSharedFolder']

/** Everybody else waits for a transaction, so none takes longer, in milliseconds. */
const LONGEST_TRANSACTION = 600_000
const isTransactionTimeout = (value) => isPositive(value) && value <= LONGEST_TRANSACTION

/**
 * Each option: what it must be, and how to say so. What it is when it is not given, the native part knows.
 * @type {Record<string, [(value: unknown) => boolean, string]>}
 */
const OPTIONS = {
  dataDir: [isFolder, FOLDER],
  database: [isDatabase, "'postgresql://…', or { url, connections } with how many it may have"],
  payloads: BUCKET,
  durability: [isDurability, "'strict' or 'batched'"],
  maxRecordBytes: [isPositive, 'a number of bytes above 0'],
  lockTimeout: [isPositive, 'milliseconds above 0'],
  transactionTimeout: [isTransactionTimeout, `milliseconds above 0, at most ${LONGEST_TRANSACTION}`],
  pathsWithin: [isFolders, 'a list of paths of folders'],
  // It stays here too: what is refused is what JSON would drop.
  undefinedInWhere: [isUndefinedRule, "'refuse' or 'ignore'"],
  allowNetworkFs: [isBoolean, 'true or false'],
  trustSharedFolder: [isBoolean, 'true or false'],
  collections: [isObject, 'an object of declarations'],
  fields: [isObject, 'an object of declarations'],
  kdf: [isObject, 'an object of costs'],
  // It stays here, where it is asked for when the first secret is.
  passphrase: [isPassphrase, 'a string, bytes, or a function that gives one'],
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
  const folder = dataDirOf(given.dataDir)
  const {
    collections = {},
    fields = {},
    passphrase,
    undefinedInWhere,
    durability,
    dataDir,
    pathsWithin,
    ...rest
  } = /** @type {Record<string, any>} */ ({ ...given, dataDir: folder })
  for (const [name, [fits, expected]] of Object.entries(OPTIONS)) {
    const value = name === 'dataDir' ? dataDir : given[name]
    const isMissing = value === undefined && given[name] === undefined
    if (!isMissing && !fits(value)) issues.push({ path: name, expected, received: described(value) })
  }
  const database = databaseOf(given)
  if (database !== undefined && given.database === undefined && !isAddress(database)) {
    issues.push({ path: 'QUILLTAP_DATABASE_URL', expected: "'postgresql://…'", received: described(database) })
  }
  issues.push(...payloadIssues(given, database))
  for (const name of OF_FOLDERS.filter((name) => database !== undefined && given[name] !== undefined)) {
    issues.push({
      path: name,
      expected: 'nothing, for it is of folders, beside `database`',
      received: described(given[name]),
    })
  }
  if (issues.length > 0) throw invalid('Options', issues)
  return {
    ...rest,
    ...storedAt(database, dataDir, payloadsOf(given)),
    passphrase,
    undefinedInWhere,
    durability,
    pathsWithin: pathsWithin?.map((folder) => path.resolve(folder)),
    // What JSON would drop without a word is refused here.
    declaration: pack([{ collections, fields }]).slice(1, -1),
  }
}

/**
 * The database that is meant, unchecked: a folder that the code names comes before what the environment says.
 * @param {Record<string, any>} given
 */
function databaseOf({ database, dataDir }) {
  return database ?? (dataDir === undefined ? process.env.QUILLTAP_DATABASE_URL || undefined : undefined)
}

/**
 * The object storage that is meant, unchecked.
 * @param {Record<string, any>} given
 */
function payloadsOf({ payloads }) {
  return payloads ?? (process.env.QUILLTAP_PAYLOADS || undefined)
}

/**
 * What is wrong with it: the bytes of a folder's images are in the folder.
 * @param {Record<string, any>} given
 */
function payloadIssues({ payloads }, database) {
  const meant = payloadsOf({ payloads })
  if (database === undefined) {
    const issue = { path: 'payloads', expected: 'nothing without `database`', received: described(payloads) }
    return payloads === undefined ? [] : [issue]
  }
  // One that the code names was looked at with the other options.
  if (payloads !== undefined || meant === undefined || isBucket(meant)) return []
  return [{ path: 'QUILLTAP_PAYLOADS', expected: BUCKET[1], received: described(meant) }]
}

/** Where everything is kept: `dataDir` tells it from every other store, and is shown, so it holds no password. */
function storedAt(database, dataDir, payloads) {
  if (database === undefined) return { dataDir: path.resolve(dataDir), meantDirs: meantBy(dataDir) }
  const { url, ...rest } = typeof database === 'string' ? { url: database } : database
  const { host, name, query } = ADDRESS.exec(url).groups
  const schema = new URLSearchParams(query).get('schema') ?? 'quilltap'
  return {
    dataDir: `postgresql://${host}${name}?schema=${schema}`,
    meantDirs: [],
    database: { url, ...rest, payloads },
  }
}

/** The data folder that is meant, unchecked. */
function dataDirOf(given) {
  return given === undefined ? process.env.DATA_DIR || './data' : fromUrl(given)
}

/**
 * What a path stands for in the folders in which a shell or npm has started the process: the server of
 * a standalone build changes into its own folder before it loads the app.
 */
function meantBy(dataDir) {
  const { PWD, INIT_CWD } = process.env
  return [PWD, INIT_CWD].filter(Boolean).map((start) => path.resolve(start, dataDir))
}

/** The path of a folder that is given as a `file:` URL; anything else as it is. */
function fromUrl(value) {
  const text = Object.prototype.toString.call(value) === '[object URL]' ? value.href : value
  if (typeof text !== 'string' || !text.startsWith('file:')) return value
  try {
    return fileURLToPath(text)
  } catch {
    // A URL of another machine, say: told as what it is, no path.
    return undefined
  }
}

/** The absolute path of a folder that a call is given. */
function folderOf(name, given) {
  return placeOf(name, given, FOLDER)
}

/** The absolute path of what a call is given, which is a path like a folder's. */
function placeOf(name, given, expected) {
  const place = fromUrl(given)
  if (isFolder(place)) return path.resolve(place)
  throw invalid('Arguments', [{ path: name, expected, received: described(given) }])
}

/** The options of a call, checked: of each what it must be, and how to say so. */
function callOptions(given, known) {
  if (!isObject(given)) throw invalid('Options', [{ path: '', expected: 'an object', received: described(given) }])
  const issues = Object.keys(given)
    .filter((name) => given[name] !== undefined && !known[name]?.[0](given[name]))
    .map((name) => {
      const expected = known[name]?.[1] ?? advice(name, Object.keys(known))
      return { path: name, expected, received: name in known ? described(given[name]) : 'an unknown option' }
    })
  if (issues.length > 0) throw invalid('Options', issues)
  return given
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

module.exports = {
  BUCKET,
  LONGEST_TRANSACTION,
  OPTIONS,
  readOptions,
  advice,
  callOptions,
  dataDirOf,
  folderOf,
  isAddress,
  isBoolean,
  isPassphrase,
  payloadsOf,
  placeOf,
}
