'use strict'

const native = require('./load.js')
const { callOptions, dataDirOf, folderOf, isBoolean, isPassphrase } = require('./options.js')
const { unpack } = require('./pack.js')
const { passphraseSource } = require('./passphrase.js')
const { runtime } = require('./runtime.js')

const ANY = [() => true, 'a folder']
const OPTIONS = {
  dataDir: ANY,
  appDir: ANY,
  trustSharedFolder: [isBoolean, 'true or false'],
  passphrase: [isPassphrase, 'a string, bytes, or a function that gives one'],
}

/** Looks at a data folder, at who uses it and what is in it, and at the app around it. */
async function doctor(options = {}) {
  const { dataDir, appDir = '.', trustSharedFolder = false, passphrase } = callOptions(options, OPTIONS)
  // It is looked at as it is given: a relative one is worth a word.
  const given = dataDirOf(dataDir)
  folderOf('dataDir', given)
  const secret = await passphraseSource(passphrase)()
  try {
    return unpack(await native.doctor(given, folderOf('appDir', appDir), runtime(), trustSharedFolder, secret))
  } finally {
    secret?.fill(0)
  }
}

module.exports = { doctor }
