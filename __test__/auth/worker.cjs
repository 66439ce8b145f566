// A process with a store on the folder of argv[2], which calls its adapter when it is told to.
'use strict'

const { createStore, QuilltapAdapter } = require('../..')
const { adapterOptions, storeOptions } = require('./sealed.cjs')

const store = createStore({ dataDir: process.argv[2], ...storeOptions })
const adapter = QuilltapAdapter(store, adapterOptions)

process.on('message', async ({ method, args }) => {
  try {
    process.send({ value: await adapter[method](...args) })
  } catch ({ code, message }) {
    process.send({ error: { code, message } })
  }
})
process.on('disconnect', () => store.close())
store.open().then(() => process.send({ value: 'open' }))
