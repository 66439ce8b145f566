'use strict'

const { PRISMA } = require('../requests.js')
const { unpack } = require('../pack.js')
const { accessor } = require('./calls.js')
const { codeOf } = require('./answers.js')
const { tables } = require('./tables.js')

/**
 * Copies rows from the primary: as they are there now, whatever call was to bring them. They are read as
 * texts, so that nothing is lost on the way that JavaScript has no value for.
 */
class Copying {
  #log
  #primary
  #store
  #here

  constructor(log, primary, store, here) {
    this.#log = log
    this.#primary = primary
    this.#store = store
    this.#here = here
  }

  /** Copies some of the rows that are marked: `undefined` where none are, else whether all came over. */
  async next() {
    const claimed = await this.#log.claim()
    if (claimed === null) return undefined
    const { op, model, scopes, keys, equals } = claimed
    let failed
    try {
      const refused = keys ? await this.#byKeys(model, keys) : await this.#byTexts(model, equals)
      failed = refusedScopes(scopes, keys, refused)
    } catch (error) {
      failed = scopes.map((scope) => [scope, codeOf(error)])
    }
    await this.#log.copied(op, failed)
    return failed.length === 0
  }

  /** Rows with these keys; those that the primary has not go. Gives what the store refused. */
  async #byKeys(model, keys) {
    const { rows } = await this.#read({ model, keys })
    const there = new Set(rows.map((row) => keyOf(model, row)))
    const gone = keys.filter((key) => !there.has(keyOf(model, key)))
    return this.#put(model, { rows, gone })
  }

  /** Rows that hold these texts on either side. */
  async #byTexts(model, equals) {
    const seen = new Set()
    const refused = []
    for (let after; ;) {
      const { rows, last, isLast } = await this.#read({ model, equals, after })
      for (const row of rows) seen.add(keyOf(model, row))
      refused.push(...(await this.#put(model, { rows })))
      if (isLast) break
      after = last
    }
    const select = Object.fromEntries(tables()[model].key.map((name) => [name, true]))
    const here = await this.#here[accessor(model)].findMany({ where: equals, select })
    const others = here.filter((key) => !seen.has(keyOf(model, key)))
    for (let at = 0; at < others.length; at += AT_ONCE) {
      refused.push(...(await this.#byKeys(model, others.slice(at, at + AT_ONCE))))
    }
    return refused
  }

  async #read(which) {
    const { sql, values } = await this.#log.select(which)
    const found = await this.#primary.$queryRawUnsafe(sql, ...values)
    const texts = found.map((row) => Object.values(row))
    return this.#log.rows(which.model, texts)
  }

  async #put(model, given) {
    if (!given.rows?.length && !given.gone?.length) return []
    return unpack(await this.#store[PRISMA].write('copy', JSON.stringify([model, given]))).failed
  }
}

/** So many keys are asked for at once. */
const AT_ONCE = 100

const keyOf = (model, row) => JSON.stringify(tables()[model].key.map((name) => row[name]))

/** The scopes whose rows did not come over, each with why. */
function refusedScopes(scopes, keys, refused) {
  if (refused.length === 0) return []
  if (keys === undefined) return scopes.map((scope) => [scope, refused[0].code])
  const codes = new Map(refused.map(({ key, code }) => [JSON.stringify(sorted(key)), code]))
  return scopes.flatMap((scope) => {
    const code = codes.get(JSON.stringify(sorted(scope.equals)))
    return code === undefined ? [] : [[scope, code]]
  })
}

const sorted = (object) => Object.entries(object).sort(([one], [other]) => (one < other ? -1 : 1))

module.exports = { Copying }
