'use strict'

const { Asked } = require('./asked.js')
const { fromStore } = require('./connection.js')
const { CLIENT_VERSION, classes, isTooDeep, tooDeep } = require('./errors.js')
const { compute } = require('./extensions.js')
const { Long } = require('./long.js')
const { PrismaPromise } = require('./promise.js')
const { STATE } = require('./state.js')

const NO_ARGUMENTS = {}

/** Makes a call, through the extensions that stand around it. */
function perform(client, operation, args, transaction) {
  const { extensions } = client[STATE]
  if (!extensions.hasQueries) return send(client, operation, args, transaction)
  const around = extensions.queries(operation.model.accessor, operation.method)
  const names = { model: operation.model.name, operation: operation.method }
  return through(around, names, args, transaction, (args, transaction) => send(client, operation, args, transaction))
}

/** Calls functions around one another; what each calls `query` is lazy and can itself be in a batch. */
async function through(around, names, args, transaction, last, at = 0) {
  if (at === around.length) return last(args, transaction)
  const query = (next) =>
    new PrismaPromise(async (within) => through(around, names, next, within, last, at + 1), transaction)
  return around[at]({ ...names, args: copied(args ?? {}), query })
}

/** What an extension may change without the caller's own arguments changing. */
function copied(value) {
  if (Array.isArray(value)) return value.map(copied)
  if (value === null || typeof value !== 'object' || !isPlain(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, copied(field)]))
}

/** Of any realm. */
function isPlain(value) {
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/** Gives the answer where a call was made before and it is still the same, else a promise of it. */
function send(client, operation, args, transaction) {
  const { connection, logger, around } = client[STATE]
  const isUsual = transaction === undefined && around === undefined && !logger.wantsQueries
  if (!isUsual || operation.shapes === undefined) return ask(client, operation, args, transaction)
  try {
    const asked = operation.shapes.find(args ?? NO_ARGUMENTS)
    return (asked && connection.kept(asked)) ?? ask(client, operation, args, undefined, asked)
  } catch (error) {
    throw told(client, operation.name, error)
  }
}

async function ask(client, operation, args, transaction, known) {
  const { connection, extensions, logger, around } = client[STATE]
  const began = logger.wantsQueries ? performance.now() : 0
  let asked
  try {
    asked = known ?? askedOf(operation, args, around)
    const given = known ? connection.askAnew(known) : (transaction ?? connection).ask(asked)
    // What memory has is here already: waiting for it would only let others go first.
    const data = given instanceof Promise ? await given : given
    const answer =
      data instanceof Long
        ? await operation.answerLong(data.data, args, asked.plan)
        : operation.answer(data, args, asked.plan)
    return extensions.hasResults && operation.givesRecords ? compute(answer, operation.model, args, around) : answer
  } catch (error) {
    throw told(client, operation.name, asked && isTooDeep(asked.request) ? tooDeep() : error)
  } finally {
    if (logger.wantsQueries) logQuery(logger, operation, asked, began)
  }
}

function askedOf(operation, args, around) {
  try {
    return new Asked(operation, operation.request(args, around))
  } catch (cause) {
    throw cause instanceof RangeError ? tooDeep() : cause
  }
}

function logQuery(logger, { name }, asked, began) {
  const params = JSON.stringify(asked?.request.query ?? {})
  logger.tell('query', {
    query: `prisma.${name}`,
    params,
    duration: Math.round(performance.now() - began),
  })
}

/** The error as the caller gets it: it says which call failed, and the log has it too. */
function told(client, call, thrown) {
  const { options, logger } = client[STATE]
  const error = fromStore(thrown)
  if (!(error?.name in classes) || error.clientVersion !== CLIENT_VERSION) return error
  if (options.errorFormat !== 'minimal') {
    error.message = `\nInvalid \`prisma.${call}()\` invocation:\n\n\n${error.message}`
    Error.captureStackTrace(error, told)
  }
  logger.tell('error', { message: error.message })
  return error
}

module.exports = { perform, through, told }
