'use strict'

/**
 * Pieces of SQL, which code may put together; to run them is refused (`raw.js`), but for a
 * health check's `SELECT 1`.
 */
class Sql {
  constructor(strings, values) {
    this.strings = strings
    this.values = values
  }

  get sql() {
    return this.strings.join('?')
  }

  get text() {
    return this.strings.reduce((text, piece, at) => `${text}$${at}${piece}`)
  }
}

function sql(strings, ...values) {
  const made = [strings[0]]
  const flat = []
  values.forEach((value, at) => {
    const inner = value instanceof Sql ? value : new Sql(['', ''], [value])
    made[made.length - 1] += inner.strings[0]
    made.push(...inner.strings.slice(1))
    made[made.length - 1] += strings[at + 1]
    flat.push(...inner.values)
  })
  return new Sql(made, flat)
}

function join(values, separator = ',', prefix = '', suffix = '') {
  if (values.length === 0)
    throw new TypeError('Expected `join([])` to be called with an array of multiple elements, but got an empty array')
  return sql([prefix, ...Array(values.length - 1).fill(separator), suffix], ...values)
}

const raw = (text) => new Sql([text], [])

module.exports = { Sql, sql, join, raw, empty: raw('') }
