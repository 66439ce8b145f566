'use strict'

const { randomUUID } = require('node:crypto')
const native = require('../load.js')
const { StoreError } = require('../error.js')
const { unpack } = require('../pack.js')
const { version } = require('../../package.json')

/** So many changes can be taken back, and so much is kept for it, in characters of JSON. */
const MOST_UNDOS = 50
const MOST_KEPT = 64 * 1024 * 1024

/** The calls of the page: those of the store, and a few on what is around it. */
function api(own, write) {
  const { calls, store, dataDir } = own
  const undos = kept()

  /** Makes a change; what takes it back stays here. */
  const changed = async (what, change, rehearse) => {
    if (!write) throw readOnly()
    const { undo, ...told } = await calls.change(what, change, rehearse)
    const size = JSON.stringify(undo ?? null).length
    return { ...told, undo: rehearse || !undo ? undo !== undefined && undo !== null : undos.keep(undo, size) }
  }

  const { change, ...reading } = calls
  return {
    ...reading,
    change: (what, options, rehearse) => {
      if (what === 'undo') throw new StoreError({ code: 'VALIDATION', message: 'an undo goes by its number' })
      return changed(what, options, rehearse === true)
    },
    undo: async (number) => {
      const undo = undos.of(number)
      if (undo === undefined)
        throw new StoreError({ code: 'VALIDATION', message: 'this cannot be taken back any more' })
      const told = await changed('undo', { undo }, false)
      if (told.conflict === undefined) undos.forget(number)
      return told
    },
    hello: async () => ({ dataDir, write, version, ...(await store.secrets.status()) }),
    state: async () => ({ ...unpack(await native.folderState(dataDir)), stats: await store.stats() }),
    check: () => store.check(),
  }
}

function readOnly() {
  const message =
    'this studio only shows: start it with --write, or in an app with { write: true }, to change something'
  return new StoreError({ code: 'READ_ONLY', message })
}

/** What takes changes back, the newest of them. */
function kept() {
  const all = new Map()
  let size = 0
  const forget = (number) => {
    size -= all.get(number)?.size ?? 0
    all.delete(number)
  }
  return {
    of: (number) => all.get(number)?.undo,
    forget,
    keep(undo, itsSize) {
      const number = randomUUID()
      all.set(number, { undo, size: itsSize })
      size += itsSize
      for (const oldest of all.keys()) {
        if (oldest === number || (all.size <= MOST_UNDOS && size <= MOST_KEPT)) break
        forget(oldest)
      }
      return number
    },
  }
}

module.exports = { api }
