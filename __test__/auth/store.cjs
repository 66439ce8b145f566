// Stores that close with the test.
'use strict'

const { createStore } = require('../..')
const { folder } = require('../package/support.cjs')

/** A store on a folder; `store.folder` is where. */
function open(t, dataDir = folder()) {
  const store = createStore({ dataDir })
  t.after(() => store.close())
  return Object.assign(store, { folder: dataDir })
}

module.exports = { open }
