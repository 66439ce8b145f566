'use strict'

const native = require('./load.js')
const { callOptions, dataDirOf, folderOf, isBoolean, placeOf } = require('./options.js')
const { unpack } = require('./pack.js')

const FILE = 'a path of a file, or a file: URL of one'
const BACKUP = { keep: [(value) => typeof value === 'string', "a schedule such as '7d,4w'"] }
const FLAG = [isBoolean, 'true or false']
const RESTORE = { dataDir: [() => true, 'a folder'], force: FLAG, dryRun: FLAG }

/** The arguments of `store.backup`, as the native part takes them. */
function backupArguments(place, options = {}) {
  const { keep } = callOptions(options, BACKUP)
  return [placeOf('place', place, FILE), keep]
}

/** Makes a data folder of a backup. */
async function restore(file, options = {}) {
  const { dataDir, force = false, dryRun = false } = callOptions(options, RESTORE)
  const target = folderOf('dataDir', dataDirOf(dataDir))
  return unpack(await native.restore(placeOf('file', file, FILE), target, force, dryRun))
}

module.exports = { backupArguments, restore }
