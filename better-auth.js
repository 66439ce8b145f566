'use strict'

const { adapterWith, withAuthOver } = require('./lib/better-auth/index.js')
const { authJsCookieWith } = require('./lib/better-auth/auth-js-cookie.js')

// Better Auth is an ES module, loaded with the first thing that is made of it.
const quilltapAdapter = (store, options) =>
  adapterWith(require('better-auth/adapters').createAdapterFactory)(store, options)
const withAuth = withAuthOver(quilltapAdapter)
const authJsCookie = (options) => authJsCookieWith(require('better-auth/api').createAuthMiddleware)(options)

module.exports = { quilltapAdapter, withAuth, authJsCookie }
