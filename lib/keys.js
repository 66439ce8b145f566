'use strict'

const { bytesOf } = require('./passphrase.js')
const { pack, unpack } = require('./pack.js')

/**
 * Unlocks a store when a call needs it: whoever fails for want of the keys asks for them here, and
 * tries again. `passphrase` gives what there is; `mayCreate` throws inside a transaction.
 */
function keys(calls, connection, passphrase, mayCreate) {
  const unlockCall = calls.findIndex(({ repository, name }) => repository === 'secrets' && name === 'unlock')
  let unlocking

  /** A call that takes long; what it is given as a passphrase crosses in bytes, which are wiped. */
  const slow = async (transaction, number, args, how) => {
    const { passphrase: at } = calls[number]
    let secret
    const plain = [...args]
    if (at !== undefined) {
      const given = args[at] ?? (number === unlockCall ? await passphrase() : undefined)
      secret = given === undefined ? undefined : bytesOf(given, 'passphrase')
      if (given !== undefined && given !== args[at]) given.fill(0)
      plain[at] = undefined
    }
    try {
      return unpack(await connection.later('slow', transaction, number, pack(plain, calls[number], how), secret))
    } finally {
      secret?.fill(0)
    }
  }

  /** With the passphrase that there is, if the store is not unlocked already. */
  const unlock = (transaction) => slow(transaction, unlockCall, [], { lazy: true, existing: !canCreate(transaction) })

  const canCreate = (transaction) => {
    if (transaction !== 0) return true
    try {
      mayCreate()
      return true
    } catch {
      return false
    }
  }

  /** Unlocks the store if that is what an error asks for; throws the error otherwise. */
  const unlockFor = async (error, transaction = 0) => {
    if (error?.code !== 'NO_PASSPHRASE') throw error
    if (transaction !== 0) return unlock(transaction)
    unlocking ??= unlock(0).finally(() => (unlocking = undefined))
    await unlocking
  }

  /** Does something, and once more when it wanted the keys and they have been got. */
  const withKeys = async (attempt, transaction) => {
    try {
      return await attempt()
    } catch (error) {
      await unlockFor(error, transaction)
    }
    return attempt()
  }

  return { slow, unlockFor, withKeys }
}

module.exports = { keys }
