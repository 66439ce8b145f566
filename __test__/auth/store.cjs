// Stores on folders that go with the test.
'use strict'

const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { createStore } = require('../..')

/** An empty folder, removed when the test is over. */
function folder(t) {
  const made = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'quilltap-auth-'))
  t.after(() => fs.rmSync(made, { recursive: true, force: true }))
  return made
}

/** A store on a folder, closed when the test is over; `store.folder` is where. */
function open(t, dataDir = folder(t)) {
  const store = createStore({ dataDir })
  t.after(() => store.close())
  return Object.assign(store, { folder: dataDir })
}

module.exports = { folder, open }
