'use strict'

const { randomUUID } = require('node:crypto')
const { tables } = require('./tables.js')

/**
 * The arguments of a write with every id and time in them that the database would make: both sides get the
 * same ones.
 */
function fill(model, method, args) {
  const made = { ...args }
  const filling = new Filling(new Date())
  if (method === 'upsert') {
    made.create = filling.created(model, args.create)
    made.update = filling.changed(model, args.update)
  } else if (method.startsWith('create')) {
    made.data = each(args.data, (row) => filling.created(model, row))
  } else if (method.startsWith('update')) {
    made.data = filling.changed(model, args.data)
  }
  return made
}

/** One call: its rows have one time. */
class Filling {
  #now

  constructor(now) {
    this.#now = now
  }

  created(model, data) {
    if (!isPlain(data)) return data
    const { ids, times, changed } = tables()[model]
    const made = this.#nested(model, data)
    for (const name of ids) made[name] ??= missing(made, name, randomUUID())
    for (const name of [...times, ...changed]) made[name] ??= missing(made, name, this.#now)
    return made
  }

  changed(model, data) {
    if (!isPlain(data)) return data
    const { changed } = tables()[model]
    const made = this.#nested(model, data)
    if (movesTime(model, data)) for (const name of changed) made[name] ??= missing(made, name, this.#now)
    return made
  }

  /** A copy, in which related rows are filled too. */
  #nested(model, data) {
    const made = { ...data }
    for (const [name, relation] of Object.entries(tables()[model].relations)) {
      if (isPlain(data[name])) made[name] = this.#relation(relation.model, data[name])
    }
    return made
  }

  #relation(model, given) {
    const created = (row) => this.created(model, row)
    const changed = (row) => this.changed(model, row)
    const forms = {
      create: created,
      connectOrCreate: (one) => ({ ...one, create: created(one.create) }),
      createMany: (many) => ({ ...many, data: each(many.data, created) }),
      update: (one) => (isPlain(one.data) ? { ...one, data: changed(one.data) } : changed(one)),
      updateMany: (one) => ({ ...one, data: changed(one.data) }),
      upsert: (one) => ({ ...one, create: created(one.create), update: changed(one.update) }),
    }
    const made = { ...given }
    for (const [operation, form] of Object.entries(forms)) {
      if (given[operation] != null) made[operation] = each(given[operation], (one) => (isPlain(one) ? form(one) : one))
    }
    return made
  }
}

/** What a field gets that is not given; what is given as null stays, to be refused as it would be. */
const missing = (data, name, value) => (data[name] === null ? null : value)

/** Does an update move the time of the last change? Not one that only changes other rows. */
function movesTime(model, data) {
  const { scalars, relations } = tables()[model]
  const moves = ['connect', 'create', 'connectOrCreate']
  return (
    scalars.some((name) => data[name] !== undefined) ||
    Object.entries(relations).some(
      ([name, { own }]) => own && isPlain(data[name]) && moves.some((operation) => data[name][operation] !== undefined),
    )
  )
}

const each = (value, made) => (Array.isArray(value) ? value.map(made) : made(value))
const isPlain = (value) => typeof value === 'object' && value !== null && !Array.isArray(value)

module.exports = { fill }
