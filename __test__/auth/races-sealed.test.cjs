// The races, with tokens that are sealed and hashed.
'use strict'

process.env.QUILLTAP_TEST_TOKENS = 'sealed'
require('./races.test.cjs')
