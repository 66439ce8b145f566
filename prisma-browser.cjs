'use strict'

// What `require` gets under the condition `browser`: see `stub.cjs`. A bundle for a browser gets the
// enumerations and `Prisma`, and a client that says where it runs.
const inNode = typeof process === 'object' && typeof process.versions?.node === 'string'
const load = inNode ? module.require : undefined

module.exports = load === undefined ? require('./lib/prisma/browser.js') : load.call(module, './prisma.js')
