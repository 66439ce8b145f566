'use strict'

const native = require('./load.js')
const {
  BUCKET,
  callOptions,
  dataDirOf,
  folderOf,
  isAddress,
  isBoolean,
  isPassphrase,
  payloadsOf,
  placeOf,
} = require('./options.js')
const { described, invalid } = require('./error.js')
const { unpack } = require('./pack.js')
const { bytesOf, passphraseSource } = require('./passphrase.js')

/** So often `onProgress` hears how far it has come, in milliseconds. */
const TOLD = 200
const FILE = 'a path of a file, or a file: URL of one'
const FLAG = [isBoolean, 'true or false']
const one = (...words) => [(value) => words.includes(value), words.map((word) => `'${word}'`).join(' or ')]
const SECRET = [isPassphrase, 'a string, bytes, or a function that gives one']
const SIGNAL = [(value) => typeof value?.addEventListener === 'function', 'an AbortSignal']
const COMMON = {
  dataDir: [() => true, 'a folder'],
  trustSharedFolder: FLAG,
  onProgress: [(value) => typeof value === 'function', 'a function'],
  signal: SIGNAL,
}
const IMPORT = {
  ...COMMON,
  publicDir: [() => true, 'a folder'],
  secrets: one('keep', 'reseal'),
  pepper: SECRET,
  passphrase: SECRET,
  existing: one('refuse', 'keep', 'replace'),
  dryRun: FLAG,
}
const COPY = {
  onProgress: COMMON.onProgress,
  signal: SIGNAL,
  trustSharedFolder: FLAG,
  existing: one('refuse', 'keep', 'replace'),
  payloads: BUCKET,
  follow: SIGNAL,
}
const EXPORT = { ...COMMON, format: one('postgres', 'ndjson'), replace: FLAG }

/** Brings a database, a dump or another folder over. */
async function importFrom(source, options = {}) {
  const { publicDir, secrets = 'keep', pepper, passphrase, existing, dryRun, ...common } = callOptions(options, IMPORT)
  const asked = { source: sourceOf(source), existing, dryRun }
  if (publicDir !== undefined) asked.publicDir = folderOf('publicDir', publicDir)
  if (secrets === 'keep') return run('import', asked, common)
  const bytes = [await pepperOf(pepper), await passphraseSource(passphrase)()]
  if (bytes[1] === undefined)
    throw invalid('Options', [{ path: 'passphrase', expected: SECRET[1], received: 'nothing' }])
  try {
    return await run('import', asked, common, ...bytes)
  } finally {
    for (const secret of bytes) secret.fill(0)
  }
}

/** Compares a database, a dump or another folder with the store, row by row. */
async function verifyAgainst(source, options = {}) {
  return run('verify', { source: sourceOf(source) }, callOptions(options, COMMON))
}

/** Writes every row into a new file. */
async function exportTo(file, options = {}) {
  const { format = 'postgres', replace, ...common } = callOptions(options, EXPORT)
  return run('export', { file: placeOf('file', file, FILE), format, replace }, common)
}

/** Copies a whole store into another one; each is a folder, or the address of a database. */
async function copyStore(from, to, options = {}) {
  const { existing, follow, payloads, onProgress, signal, trustSharedFolder } = callOptions(options, COPY)
  const [source, target] = [storeOf('from', from), storeOf('to', to)]
  const asked = {
    from: source,
    to: target,
    existing,
    payloads: payloadsOf({ payloads }),
    follows: follow !== undefined,
  }
  return run('copy', asked, { onProgress, signal, trustSharedFolder, follow })
}

/** Makes everything as it is in the database. */
async function dualRepair(source, options = {}) {
  return run('repair', { source: sourceOf(source) }, callOptions(options, COMMON))
}

/**
 * Makes a call of the native part, which tells how far it is and may be given up.
 * @param {'import' | 'verify' | 'export' | 'copy' | 'repair'} method
 * @param {Record<string, unknown>} asked
 * @param {Record<string, any>} common
 * @param {Uint8Array[]} secrets
 */
async function run(method, asked, { dataDir, trustSharedFolder = false, onProgress, signal, follow }, ...secrets) {
  const work = new native.NativeTransfer()
  const giveUp = () => work.giveUp()
  const followNoMore = () => work.followNoMore()
  const tell = () => {
    const text = work.progress()
    if (text) onProgress(JSON.parse(text))
  }
  const given = JSON.stringify({ ...asked, trustSharedFolder, dataDir: folderOf('dataDir', dataDirOf(dataDir)) })
  if (signal?.aborted) giveUp()
  if (follow?.aborted) followNoMore()
  signal?.addEventListener('abort', giveUp)
  follow?.addEventListener('abort', followNoMore)
  const timer = onProgress && setInterval(tell, TOLD)
  try {
    return unpack(await work[method](given, ...secrets))
  } finally {
    clearInterval(timer)
    signal?.removeEventListener('abort', giveUp)
    follow?.removeEventListener('abort', followNoMore)
  }
}

/** A store: an address is a text as it is; anything else is a path of a folder. */
function storeOf(name, store) {
  return isAddress(store) ? store : folderOf(name, store)
}

/** An address is a text as it is; anything else is a path. */
function sourceOf(source) {
  if (typeof source === 'string' && /^postgres(ql)?:\/\//.test(source)) return source
  return placeOf('source', source, 'an address (postgresql://…), or a path of a dump or a folder')
}

async function pepperOf(option) {
  const given = typeof option === 'function' ? await option() : (option ?? process.env.ENCRYPTION_MASTER_PEPPER)
  // As it is: another form of a letter would be another key.
  if (typeof given === 'string' && given !== '') return new TextEncoder().encode(given)
  if (ArrayBuffer.isView(given)) return bytesOf(given, 'pepper')
  throw invalid('Options', [{ path: 'pepper', expected: SECRET[1], received: described(given) }])
}

module.exports = { copyStore, dualRepair, exportTo, importFrom, verifyAgainst }
