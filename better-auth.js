'use strict'

const { adapterWith } = require('./lib/better-auth/index.js')

let made

/** `quilltapAdapter(store, options)`. Better Auth is an ES module, loaded with the first adapter. */
function quilltapAdapter(store, options) {
  made ??= adapterWith(require('better-auth/adapters').createAdapterFactory)
  return made(store, options)
}

module.exports = { quilltapAdapter }
