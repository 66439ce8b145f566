'use strict'

// Loaded before a test (`node --require`), it keeps every store in a database where the test says in which folder: so a
// suite runs on both without knowing of either. `QUILLTAP_TEST_DATABASE` is the address of a server, and each folder's store
// is in a schema of its own there. What only holds of folders is named in `suites.cjs`.

const { createHash } = require('node:crypto')
const { syncBuiltinESMExports } = require('node:module')
const path = require('node:path')
const nodeTest = require('node:test')
const { isMainThread } = require('node:worker_threads')
const options = require('../../lib/options.js')
const { REASONS, SUITES } = require('./suites.cjs')

const server = process.env.QUILLTAP_TEST_DATABASE
const { readOptions, dataDirOf } = options
/** What a database decides by itself; told apart here, for a suite that gives them means a folder. */
const OF_FOLDERS = ['dataDir', 'durability', 'allowNetworkFs', 'trustSharedFolder']

/** The address of the database in place of a folder. */
function inDatabase(folder) {
  const address = new URL(server)
  address.searchParams.set('schema', `t${createHash('sha256').update(path.resolve(folder)).digest('hex').slice(0, 24)}`)
  return address.href
}

/** Options whose folder cannot be one are left for the store to refuse. */
function moved(given) {
  const folder = dataDirOf(given?.dataDir)
  const isFolder = typeof folder === 'string' && folder !== '' && !folder.includes('\0') && folder[0] !== '~'
  if (given === null || !['object', 'undefined'].includes(typeof given) || !isFolder || given?.database) return given
  const others = Object.entries(given ?? {}).filter(([name]) => !OF_FOLDERS.includes(name))
  return { ...Object.fromEntries(others), database: { url: inDatabase(folder), connections: 4 } }
}

/** Tests that do not apply are told as skipped; one that is named and not there is a fault of the list. */
function leaveOut(tests) {
  const left = new Set(Object.keys(tests))
  const reasonOf = (name) => {
    const found = [...Object.entries(tests)].find(([start]) => name.startsWith(start))
    left.delete(found?.[0])
    return found && REASONS[found[1]]
  }
  for (const called of ['test', 'it']) {
    const real = nodeTest[called]
    const ours = (name, ...rest) => {
      const reason = typeof name === 'string' ? reasonOf(name) : undefined
      return reason ? real(name, { skip: reason }) : real(name, ...rest)
    }
    nodeTest[called] = Object.assign(ours, real)
  }
  syncBuiltinESMExports()
  process.on('exit', () => {
    if (left.size === 0) return
    console.error(`suites.cjs names tests that are not there: ${[...left].join(', ')}`)
    process.exitCode = 1
  })
}

if (server) {
  options.readOptions = (given) => {
    // Whatever is wrong with the options of a folder is told as of a folder.
    const read = readOptions(given)
    const there = moved(given)
    return there === given ? read : readOptions(there)
  }
  // The runner and the processes that a test starts have this too, and are no suites.
  const suite = path.relative(path.join(__dirname, '..'), process.argv[1] ?? '')
  if (isMainThread && process.env.NODE_TEST_CONTEXT && SUITES[suite]) leaveOut(SUITES[suite])
}
