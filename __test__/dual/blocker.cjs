'use strict'

// Holds a transaction of the store in a folder open, until it is ended.

const { createStore } = require('../..')

const store = createStore({ dataDir: process.argv[2] })
store
  .transaction(
    async () => {
      process.send('inside')
      await new Promise((resolve) => setTimeout(resolve, 10_000))
    },
    { timeout: 20_000 },
  )
  .catch(() => {})
