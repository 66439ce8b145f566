// How the adapter keeps tokens in this run: as they come, or sealed and hashed.
'use strict'

const isSealed = process.env.QUILLTAP_TEST_TOKENS === 'sealed'

module.exports = {
  isSealed,
  storeOptions: isSealed ? { passphrase: 'correct horse', kdf: { memoryKib: 19_456, passes: 2 } } : {},
  adapterOptions: isSealed ? { encryptTokens: true, hashSessionTokens: true } : undefined,
}
