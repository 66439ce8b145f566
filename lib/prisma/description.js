'use strict'

/**
 * What the front must know of a schema: which fields of an answer are times, and which lead to
 * other models. Everything else about it is known in Rust.
 *
 * @param {{ enums: Record<string, string[]>, models: Record<string, { fields: [string, string, string?][] }> }} schema
 */
function describe({ enums, models }) {
  const described = new Map()
  for (const [name, { fields }] of Object.entries(models))
    described.set(name, describeModel(name, fields, enums, models))
  for (const model of described.values()) {
    for (const field of model.fields.values()) field.model = described.get(field.type)
  }
  return { enums, models: described }
}

function describeModel(name, fields, enums, models) {
  const model = {
    name,
    accessor: name[0].toLowerCase() + name.slice(1),
    fields: new Map(),
    times: [],
    jsons: [],
    relations: [],
  }
  for (const [field, type, flags = ''] of fields) {
    const kind = type in models ? 'object' : type in enums ? 'enum' : 'scalar'
    model.fields.set(field, {
      name: field,
      type,
      kind,
      isList: flags === '[]',
      isNullable: flags === '?',
      model: undefined,
    })
    if (type === 'DateTime') model.times.push(field)
    if (type === 'Json') model.jsons.push(field)
    if (kind === 'object') model.relations.push(field)
  }
  return model
}

module.exports = { describe }
