// What the cores expect of any adapter, with tokens that are sealed and hashed.
'use strict'

process.env.QUILLTAP_TEST_TOKENS = 'sealed'
require('./contract.test.cjs')
