'use strict'

const { Copies, PLAIN } = require('./copies.js')
const { described, invalid } = require('./error.js')
const { pack, unpack } = require('./pack.js')
const { payloads } = require('./payloads.js')
const { isPrerendering } = require('./prerender.js')

/** Keys of the adapters' calls, which are no part of a store's public face. */
const AUTH = Symbol.for('quilltap.auth')
const BETTER_AUTH = Symbol.for('quilltap.betterAuth')
const STUDIO_CALLS = Symbol.for('quilltap.studio.calls')
const BROUGHT_CALLS = Symbol.for('quilltap.brought.calls')
/** The repository of calls on collections that come to a store after it was made. */
const BROUGHT = 'brought-collections'

/**
 * The repositories with their methods, which need no `this` and tell how many arguments they take;
 * `runOf(number, call)` gives what makes a call of an array of arguments, or nothing where it is not
 * to be had.
 */
function repositories(calls, runOf) {
  const made = {}
  const hidden = { auth: [], betterAuth: [], studio: [], [BROUGHT]: [] }
  calls.forEach((call, number) => {
    const run = runOf(number, call)
    if (run === undefined) return
    if (call.repository in hidden) return void hidden[call.repository].push({ ...call, run })
    made[call.repository] ??= {}
    const method = (...args) => run(args)
    made[call.repository][call.name] = Object.defineProperty(method, 'length', { value: call.params })
  })
  // Prisma's requests go by `lib/requests.js`: they are no methods.
  const { store: own, sealing, migration, prisma, ...named } = made
  return Object.defineProperties(
    { ...named, ...own, ...sealing, ...migration },
    {
      [AUTH]: { value: hidden.auth },
      [BETTER_AUTH]: { value: hidden.betterAuth },
      [STUDIO_CALLS]: { value: hidden.studio },
      [BROUGHT_CALLS]: { value: hidden[BROUGHT] },
    },
  )
}

/** On a store: what memory can answer never leaves this thread. `mayWrite` throws when it may not. */
function storeRepositories(calls, connection, keys, mayWrite) {
  const copies = new Copies()
  const bytesOf = payloads(connection, 0, mayWrite)
  const later = async (number, text) => unpack(await connection.readLater(number, text, PLAIN))
  const kinds = {
    read: (number, call) => async (args, how) => {
      const text = pack(args, call, how)
      if (isPrerendering()) return later(number, text)
      const answer = copies.answer(number + text, (known) => connection.read(number, text, known))
      if (answer !== undefined) return answer
      return copies.answerLater(number + text, (known) => connection.readLater(number, text, known))
    },
    secret: (number, call) => (args, how) =>
      keys.withKeys(async () => {
        const text = pack(args, call, how)
        const answer = isPrerendering() ? null : connection.readSecret(number, text)
        return answer === null ? later(number, text) : unpack(answer)
      }),
    write: (number, call) => async (args, how) => {
      mayWrite()
      const text = pack(args, call, how)
      try {
        return unpack(await connection.write(number, text))
      } catch (error) {
        await keys.unlockFor(error)
      }
      return unpack(await connection.write(number, text))
    },
    slow: (number) => async (args) => {
      mayWrite()
      return keys.withKeys(() => keys.slow(0, number, args))
    },
    bytes:
      (number, call) =>
      async ([data, ...args]) => {
        if (!ArrayBuffer.isView(data)) {
          throw invalid('Arguments', [{ path: call.name, expected: 'bytes', received: described(data) }])
        }
        return keys.withKeys(() => bytes(connection, number, data, pack([null, ...args], call)))
      },
    payload:
      (_, { name }) =>
      (args) =>
        bytesOf[name](...args),
  }
  return repositories(calls, (number, call) => kinds[call.kind](number, call))
}

/** Bytes made of bytes; by a thread that may wait where memory does not have what it takes. */
async function bytes(connection, number, data, text) {
  const view = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  const made = connection.bytes(number, text, view)
  if (made !== null) return typeof made === 'string' ? unpack(made) : made
  const reading = connection.reading()
  unpack(await connection.laterOn(reading, 'make', number, text, view))
  return reading.take()
}

/** What belongs to the whole store, and would wait for the transaction, or has no part in it. */
const OUTSIDE = ['secrets', 'sealing', 'migration']

/** In a transaction: it sees what it has written itself. */
function transactionRepositories(calls, connection, keys, transaction) {
  const inside = (number, call) => async (args, how) => {
    const text = pack(args, call, how)
    const attempt = async () => unpack(await connection.later('inside', transaction, number, text))
    return keys.withKeys(attempt, transaction)
  }
  const slow = (number) => (args) => keys.withKeys(() => keys.slow(transaction, number, args), transaction)
  const bytesOf = payloads(connection, transaction, () => {})
  return repositories(calls, (number, call) => {
    if (OUTSIDE.includes(call.repository)) return undefined
    if (call.kind === 'payload') return (args) => bytesOf[call.name](...args)
    return call.kind === 'slow' ? slow(number) : inside(number, call)
  })
}

module.exports = { AUTH, BETTER_AUTH, BROUGHT, BROUGHT_CALLS, STUDIO_CALLS, storeRepositories, transactionRepositories }
