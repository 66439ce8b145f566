// The adapter under next-auth 4 itself, with tokens that are sealed and hashed.
'use strict'

process.env.QUILLTAP_TEST_TOKENS = 'sealed'
require('./next-auth.test.cjs')
