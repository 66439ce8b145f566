// Stores that close with the test.
'use strict'

const { createStore } = require('../..')
const { folder } = require('../package/support.cjs')
const { storeOptions } = require('./sealed.cjs')

/** A store on a folder; `store.folder` is where. */
function open(t, dataDir = folder()) {
  const store = createStore({ dataDir, ...storeOptions })
  t.after(() => store.close())
  return Object.assign(store, { folder: dataDir })
}

module.exports = { open }
