// The adapter under Auth.js 5 itself.
'use strict'

const { flows } = require('./flows.cjs')
const { authJs5 } = require('./site.cjs')

flows(authJs5)
