'use strict'

const { runBatch } = require('./batch.js')
const { Connection, fromStore } = require('./connection.js')
const { Extensions } = require('./extensions.js')
const { runInteractive } = require('./interactive.js')
const { Logger } = require('./logging.js')
const { modelMethods } = require('./model.js')
const { readOptions } = require('./options.js')
const { perform, told } = require('./perform.js')
const { isPrismaPromise } = require('./promise.js')
const { rawMethods } = require('./raw.js')
const { STATE } = require('./state.js')

/** What a transaction's client has not. */
const OUTSIDE = ['$connect', '$disconnect', '$on', '$transaction', '$extends']
const NOT_LAZY =
  'All elements of the array need to be Prisma Client promises. Hint: Please make sure you are not awaiting the Prisma client calls you intended to pass in the $transaction function.'

/** A `PrismaClient` class for the models of a schema. */
function clientClass(schema) {
  class PrismaClient {
    constructor(given) {
      const { store, storeOptions, ...options } = readOptions(given)
      options.errorFormat ??= process.env.NODE_ENV === 'production' ? 'minimal' : 'colorless'
      enter(this, {
        options,
        connection: new Connection(store, storeOptions),
        logger: new Logger(options.log),
        extensions: new Extensions(),
        transaction: undefined,
      })
    }

    async $connect() {
      try {
        await this[STATE].connection.open()
      } catch (error) {
        throw told(this, '$connect', error)
      }
    }

    async $disconnect() {
      await this[STATE].connection.close()
    }

    $on(level, listener) {
      this[STATE].logger.on(level, listener)
      return this
    }

    async $transaction(work, options) {
      return transaction(this, work, { ...this[STATE].options.transactionOptions, ...options })
    }

    $extends(extension) {
      if (typeof extension === 'function') return extension(this)
      const extensions = this[STATE].extensions.with(extension)
      return Object.defineProperties(
        derived(this, { extensions }),
        Object.getOwnPropertyDescriptors(extension.client ?? {}),
      )
    }

    get [Symbol.toStringTag]() {
      return 'PrismaClient'
    }
  }
  Object.assign(PrismaClient.prototype, rawMethods())
  for (const model of schema.models.values()) defineModel(PrismaClient.prototype, model)
  return PrismaClient
}

/** Gives a client its state. */
function enter(client, state) {
  const { extensions, options } = state
  // What a request has to know beside the call itself; most clients have nothing of it.
  const around =
    extensions.hasResults || options.omit
      ? { computed: (model) => extensions.computed(model), omitted: (model) => options.omit?.[model.accessor] }
      : undefined
  Object.defineProperty(client, STATE, { value: { ...state, around, models: new Map() } })
}

/** A client like this one, which shares its connection and listeners. */
function derived(client, change) {
  const made = Object.create(client, { $parent: { value: client } })
  enter(made, { ...client[STATE], ...change })
  return made
}

/** `prisma.user`: made when it is first used, and then always the same. */
function defineModel(prototype, model) {
  Object.defineProperty(prototype, model.accessor, {
    get() {
      const { models } = this[STATE]
      if (!models.has(model)) models.set(model, extendedModel(this, model))
      return models.get(model)
    },
    set(value) {
      Object.defineProperty(this, model.accessor, { value, writable: true, enumerable: true, configurable: true })
    },
    enumerable: true,
    configurable: true,
  })
}

function extendedModel(client, model) {
  const methods = modelMethods(client, model, perform)
  for (const name of ['name', '$name']) Object.defineProperty(methods, name, { value: model.name })
  Object.defineProperty(methods, '$parent', { value: client })
  return Object.assign(methods, client[STATE].extensions.modelMethods(model.accessor))
}

function transaction(client, work, options) {
  const { connection } = client[STATE]
  try {
    if (typeof work === 'function') return interactive(client, work, options)
    if (!Array.isArray(work) || !work.every(isPrismaPromise)) throw new Error(NOT_LAZY)
    return runBatch(connection, work)
  } catch (error) {
    throw fromStore(error)
  }
}

async function interactive(client, work, options) {
  const hidden = Object.fromEntries(OUTSIDE.map((name) => [name, { value: undefined }]))
  const within = (transaction) => Object.defineProperties(derived(client, { transaction }), hidden)
  return runInteractive(client[STATE].connection, within, work, options)
}

module.exports = { clientClass }
