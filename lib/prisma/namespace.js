'use strict'

const { CLIENT_VERSION, classes } = require('./errors.js')
const { NullTypes, nulls, skip } = require('./values.js')
const sql = require('./sql.js')

/** Enumerations that every schema has. */
const COMMON = {
  TransactionIsolationLevel: ['ReadUncommitted', 'ReadCommitted', 'RepeatableRead', 'Serializable'],
  SortOrder: ['asc', 'desc'],
  QueryMode: ['default', 'insensitive'],
  NullsOrder: ['first', 'last'],
}
const NULL_INPUTS = {
  NullableJsonNullValueInput: ['DbNull', 'JsonNull'],
  JsonNullValueInput: ['JsonNull'],
  JsonNullValueFilter: ['DbNull', 'JsonNull', 'AnyNull'],
}

const named = (names) => Object.fromEntries(names.map((name) => [name, name]))
const mapped = (lists, make) => Object.fromEntries(Object.entries(lists).map(([name, names]) => [name, make(names)]))

/** The `Prisma` namespace for the models of a schema. */
function namespace(schema) {
  const fields = {}
  for (const model of schema.models.values()) {
    const scalars = [...model.fields.values()].filter(({ kind }) => kind !== 'object')
    fields[`${model.name}ScalarFieldEnum`] = named(scalars.map(({ name }) => name))
  }
  return {
    ModelName: named([...schema.models.keys()]),
    ...mapped(COMMON, named),
    ...mapped(NULL_INPUTS, (names) => Object.fromEntries(names.map((name) => [name, nulls[name]]))),
    ...fields,
    ...nulls,
    NullTypes,
    skip,
    ...classes,
    ...sql,
    prismaVersion: { client: CLIENT_VERSION, engine: 'quilltap-store' },
    /** Gives back what it is given: its types are its use. */
    validator: () => (args) => args,
    defineExtension: (extension) =>
      typeof extension === 'function' ? extension : (client) => client.$extends(extension),
    getExtensionContext: (context) => context,
  }
}

module.exports = { namespace }
