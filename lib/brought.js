'use strict'

const { BROUGHT_CALLS } = require('./repositories.js')

/** The collections that come to a store after it was made: those of Better Auth's plugins. */
class Brought {
  /** By the name of a collection: the names of its calls, and what declares it. */
  #collections = new Map()

  /**
   * Puts collections on a store, where they stay behind what it has under their names. `declare` gives a
   * promise until the folder knows them, and then nothing.
   */
  add(store, collections, declare) {
    for (const [name, calls] of Object.entries(collections)) {
      if (name in store && !this.#collections.has(name)) continue
      this.#collections.set(name, { calls, declare })
      store[name] = collection(store, name, calls, declare)
    }
  }

  names() {
    return [...this.#collections.keys()]
  }

  /** Declares what is not yet: in a transaction that would wait for itself. What fails there, its calls tell. */
  async declared() {
    const all = new Set(Array.from(this.#collections.values(), ({ declare }) => declare))
    await Promise.allSettled(Array.from(all, (declare) => declare()))
  }

  /** Puts them on the repositories of a transaction. */
  addInside(tx) {
    for (const [name, { calls }] of this.#collections) tx[name] = collection(tx, name, calls)
  }
}

/** The calls on one collection, of those that a store or a transaction has for any. */
function collection(repositories, name, calls, declare) {
  const methods = repositories[BROUGHT_CALLS].filter((call) => calls.includes(call.name))
  return Object.fromEntries(
    methods.map(({ name: method, params, run }) => {
      const call = async (...args) => {
        const declared = declare?.()
        if (declared !== undefined) await declared
        return run(args, { collection: name })
      }
      return [method, Object.defineProperty(call, 'length', { value: params })]
    }),
  )
}

module.exports = { Brought }
