'use strict'

/** Better Auth's schema, as far as the store keeps it: data, under Better Auth's own names. */
function schemaOf({ schema, options, getDefaultModelName }) {
  const fieldOf = ({ type, unique, index, references }) => ({
    type: typeof type === 'string' ? type : 'string',
    unique: unique === true,
    index: index === true,
    references: references && { ...references, model: known(references.model) },
  })
  const known = (model) => {
    try {
      return getDefaultModelName(model)
    } catch {
      // A table that Better Auth does not have: the reference is one for the app.
      return model
    }
  }
  const tableOf = ({ fields, indexes }) => ({
    fields: Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, fieldOf(field)])),
    indexes: indexes?.map(({ fields, unique }) => ({ fields, unique: unique === true })),
  })
  const tables = Object.entries(schema).map(([name, table]) => [name, tableOf(table)])
  const numberIds = options.advanced?.database?.generateId === 'serial'
  return { tables: Object.fromEntries(tables), numberIds }
}

module.exports = { schemaOf }
