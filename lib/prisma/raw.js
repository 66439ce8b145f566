'use strict'

const { unknownError } = require('./errors.js')
const { through, told } = require('./perform.js')
const { PrismaPromise } = require('./promise.js')
const { STATE } = require('./state.js')

/** What a health check asks; nothing else of SQL is understood here. */
const ALIVE = /^\s*select\s+1(?:\s+as\s+"?(\w+)"?)?\s*;?\s*$/i
const METHODS = {
  $queryRaw: 'findMany, findFirst, count, aggregate or groupBy',
  $queryRawUnsafe: 'findMany, findFirst, count, aggregate or groupBy',
  $queryRawTyped: 'findMany, findFirst, count, aggregate or groupBy',
  $executeRaw: 'createMany, updateMany or deleteMany',
  $executeRawUnsafe: 'createMany, updateMany or deleteMany',
  $runCommandRaw: 'the methods',
}

/** The raw queries of a client. */
function rawMethods() {
  const methods = {}
  for (const method of Object.keys(METHODS)) {
    methods[method] = function (query, ...values) {
      const run = async (transaction) => perform(this, method, [query, ...values], transaction)
      return new PrismaPromise(run, this[STATE].transaction)
    }
  }
  return methods
}

function perform(client, method, args, transaction) {
  const around = client[STATE].extensions.queries(undefined, method)
  const names = { model: undefined, operation: method }
  return through(around, names, args, transaction, (args, transaction) => answer(client, method, args, transaction))
}

async function answer(client, method, args, transaction) {
  try {
    const alive = method.startsWith('$queryRaw') && ALIVE.exec(textOf(args[0]))
    if (!alive)
      throw unknownError(
        `there is no SQL here: ${method} answers nothing but SELECT 1; use ${METHODS[method]} of a model`,
      )
    transaction?.expectOpen('query')
    await client[STATE].connection.open()
    return [{ [alive[1] ?? '?column?']: 1 }]
  } catch (error) {
    throw told(client, method, error)
  }
}

/** The text of a query without values, which has one piece. */
function textOf(query) {
  if (typeof query === 'string') return query
  const pieces = query?.strings ?? query
  return Array.isArray(pieces) && pieces.length === 1 ? pieces[0] : ''
}

module.exports = { rawMethods }
