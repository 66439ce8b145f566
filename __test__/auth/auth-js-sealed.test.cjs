// The adapter under Auth.js 5 itself, with tokens that are sealed and hashed.
'use strict'

process.env.QUILLTAP_TEST_TOKENS = 'sealed'
require('./auth-js.test.cjs')
