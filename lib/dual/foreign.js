'use strict'

const { FieldRef, nulls } = require('../prisma/values.js')

/** Arguments for Prisma's own client as ours takes them: values that are known by their class become ours. */
function ours(value) {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(ours)
  if (typeof value._getName === 'function') return nulls[value._getName()] ?? value
  if (isField(value)) return new FieldRef(value.modelName, value.name, value.typeName, value.isList)
  if (!isPlain(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, ours(inner)]))
}

const isField = (value) => typeof value.modelName === 'string' && typeof value.typeName === 'string' && !isPlain(value)

/** Of any realm. */
function isPlain(value) {
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

module.exports = { ours }
