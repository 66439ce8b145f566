'use strict'

// What `require` gets under the condition `browser`: Jest's jsdom asks with it, although it runs in
// Node. Called by another name, `require` is not followed by a bundler.
const inNode = typeof process === 'object' && typeof process.versions?.node === 'string'
const load = inNode ? module.require : undefined
if (load === undefined) throw new Error(require('./lib/elsewhere.js'))

module.exports = load.call(module, './index.js')
