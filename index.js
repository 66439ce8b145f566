'use strict'

const { QuilltapAdapter } = require('./lib/adapter.js')
const { restore } = require('./lib/backups.js')
const { doctor } = require('./lib/doctor.js')
const { StoreError } = require('./lib/error.js')
const { createStore } = require('./lib/store.js')
const { studio } = require('./lib/studio/index.js')
const { copyStore, exportTo, importFrom, verifyAgainst } = require('./lib/transfers.js')

module.exports = {
  copyStore,
  createStore,
  QuilltapAdapter,
  doctor,
  exportTo,
  importFrom,
  restore,
  StoreError,
  studio,
  verifyAgainst,
}
