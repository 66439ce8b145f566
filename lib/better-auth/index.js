'use strict'

const { flagsOf } = require('../adapter.js')
const { StoreError, described, invalid } = require('../error.js')
const { BETTER_AUTH_STORE } = require('../requests.js')
const { namesOf } = require('./names.js')
const { schemaOf } = require('./schema.js')
const { transactionsOn } = require('./transactions.js')

const OPTIONS = new Set(['encryptTokens', 'hashSessionTokens'])

/** What Better Auth's factory is told of the store: it keeps whatever JSON can say. */
const CONFIG = {
  adapterId: 'quilltap-store',
  adapterName: 'Quilltap store',
  supportsArrays: true,
  supportsBooleans: true,
  supportsDates: false,
  supportsJSON: true,
  supportsNumericIds: true,
}

/** Makes `quilltapAdapter` of Better Auth's own factory of adapters. */
function adapterWith(createAdapterFactory) {
  return function quilltapAdapter(store, options) {
    const tables = store?.[BETTER_AUTH_STORE]
    if (!tables) {
      throw invalid('Arguments', [{ path: 'store', expected: 'a store from createStore', received: described(store) }])
    }
    const flags = flagsOf(options ?? {}, OPTIONS)
    return (authOptions) => {
      const transactions = transactionsOn(tables)
      let declare
      const transaction = async (work) => {
        // A transaction would hold up the declaration, and so itself.
        await declare()
        return transactions.run(() => work(adapter))
      }
      const adapter = createAdapterFactory({
        config: { ...CONFIG, transaction },
        adapter: (helpers) => {
          declare = declaring(tables, schemaOf(helpers))
          return customAdapter(tables, transactions, declare, howOf(flags, helpers), helpers)
        },
      })(authOptions)
      return adapter
    }
  }
}

/** Makes `withAuth`: an adapter made with Better Auth's options meets their schema. */
function withAuthOver(quilltapAdapter) {
  return function withAuth(store, auth) {
    if (typeof auth?.options !== 'object' || auth.options === null) {
      throw invalid('Arguments', [{ path: 'auth', expected: 'what betterAuth gives', received: described(auth) }])
    }
    quilltapAdapter(store)(auth.options)
    return store
  }
}

/** What declares a schema on a store, by the store and by the schema's text. */
const declarations = new WeakMap()

/** Gives what declares Better Auth's tables on a store, whichever of its adapters asks first. */
function declaring(tables, schema) {
  if (!declarations.has(tables)) declarations.set(tables, new Map())
  const bySchema = declarations.get(tables)
  const text = JSON.stringify(schema)
  if (!bySchema.has(text)) {
    bySchema.set(text, declaringOnce(tables, text))
    bring(tables, schema, bySchema.get(text))
  }
  return bySchema.get(text)
}

/** Puts the tables of plugins on the store, as its collections. */
function bring(tables, { tables: ofPlugins }, declare) {
  try {
    tables.bring(JSON.stringify({ tables: ofPlugins }), declare)
  } catch (error) {
    // What the schema must not have, the adapter's first question tells.
    if (!(error instanceof StoreError)) throw error
  }
}

/** Declares tables once; a failure is told, and tried again the next time. */
function declaringOnce(tables, schema) {
  let declared
  let isDone = false
  return () => {
    if (isDone) return undefined
    declared ??= tables.declare(schema).then(
      () => void (isDone = true),
      (error) => {
        declared = undefined
        throw error
      },
    )
    return declared
  }
}

/** The flags that go with every request. */
function howOf(flags, { options }) {
  const numberIds = options.advanced?.database?.generateId === 'serial' ? ['numberIds'] : []
  return Object.fromEntries([...flags, ...numberIds].map((flag) => [flag, true]))
}

/** Better Auth's questions as requests. */
function customAdapter(tables, transactions, declare, how, helpers) {
  const names = namesOf(helpers)
  const ask = async (call, request) => {
    const declared = declare()
    if (declared !== undefined) await declared
    return (transactions.current() ?? tables)[call]([request], how)
  }
  const reading = async (action, asked) => {
    const request = names.request(action, asked)
    // An account's tokens may be sealed.
    const opens = request.model === 'account' || request.join?.some(({ model }) => model === 'account')
    return ask(opens ? 'open' : 'find', request)
  }
  const change = (action, asked) => ask('change', names.request(action, asked))
  const rowsOf = (asked, rows) => rows.map((row) => names.row(asked, row))
  const changed = (action) => async (asked) => names.row(asked, await change(action, asked))
  return {
    create: changed('create'),
    update: changed('update'),
    updateMany: (asked) => change('updateMany', asked),
    delete: async (asked) => void (await change('delete', asked)),
    deleteMany: (asked) => change('delete', asked),
    consumeOne: changed('consumeOne'),
    incrementOne: changed('incrementOne'),
    findOne: async (asked) => names.row(asked, await reading('findOne', asked)),
    findMany: async (asked) => rowsOf(asked, await reading('findMany', asked)),
    count: (asked) => reading('count', asked),
    // Better Auth's command line calls a schema without code up to date.
    createSchema: async () => {
      console.log('quilltap-store needs no schema: Better Auth’s tables make themselves. There is nothing to run.')
      return { code: '', path: '' }
    },
  }
}

module.exports = { adapterWith, withAuthOver }
