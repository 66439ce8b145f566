'use strict'

const { Turn, forEach } = require('./long.js')
const { reviveAggregate } = require('./revive.js')
const { set } = require('./serialize.js')

/**
 * `count`, `aggregate` and `groupBy` as selections, which is how the protocol asks for them, and
 * their answers back in the form that the caller expects.
 */
const PARTS = new Set(['_count', '_avg', '_sum', '_min', '_max'])

/** What a caller asks for with the keys of PARTS, as a selection. */
function selected(args) {
  const made = { select: {} }
  for (const [key, value] of Object.entries(args)) {
    if (!PARTS.has(key)) set(made, key, value)
    else if (value !== undefined) made.select[key] = typeof value === 'boolean' ? whole(key, value) : { select: value }
  }
  return made
}

/** `_count: true` counts the rows. */
const whole = (key, value) => (key === '_count' && value ? { select: { _all: true } } : value)

const countsRows = (args) => args?._count === true

const count = {
  args: (args) => {
    const { select, ...rest } = args ?? {}
    return selected({ ...rest, _count: isObject(select) ? select : true })
  },
  answer: (data, model, args) => (isObject(args?.select) ? data._count : data._count._all),
}

const aggregate = {
  args: (args) => selected(args ?? {}),
  answer: (data, model, args) => unpackCount(reviveAggregate(data, model), args),
}

const groupBy = {
  args: (args) => {
    const made = selected(args ?? {})
    for (const key of [args?.by].flat()) if (typeof key === 'string') made.select[key] = true
    return made
  },
  answer: (data, model, args) => data.map((group) => unpackCount(reviveAggregate(group, model), args)),
  answerLong: async (data, model, args) => {
    await forEach(data, new Turn(), (group) => unpackCount(reviveAggregate(group, model), args))
    return data
  },
}

function unpackCount(record, args) {
  if (countsRows(args) && record._count) record._count = record._count._all
  return record
}

const isObject = (value) => typeof value === 'object' && value !== null

module.exports = { count, aggregate, groupBy }
