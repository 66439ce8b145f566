'use strict'

/**
 * The names in requests and rows. Better Auth hands over those of the database, which an app may have
 * given itself (`fields: { email: 'email_address' }`); the store keeps Better Auth's own.
 */
function namesOf({ schema, getDefaultFieldName, getDefaultModelName }) {
  const renamed = new Map()
  /** The database's names of a model's fields that are not Better Auth's, by those. */
  const renamedIn = (model) => {
    if (!renamed.has(model)) {
      const fields = Object.entries(schema[model].fields)
      const others = fields.filter(([name, { fieldName = name }]) => fieldName !== name)
      renamed.set(model, new Map(others.map(([name, { fieldName }]) => [name, fieldName])))
    }
    return renamed.get(model)
  }
  const modelOf = ({ model, modelKey }) => modelKey ?? getDefaultModelName(model)
  const own = (model, field) => (renamedIn(model).size === 0 ? field : getDefaultFieldName({ model, field }))
  const data = (model, given) =>
    given && Object.fromEntries(Object.entries(given).map(([field, value]) => [own(model, field), value]))

  const joinsOf = (model, join) =>
    join &&
    Object.entries(join).map(([as, { modelKey, on, limit, relation }]) => {
      const joined = modelKey ?? getDefaultModelName(as)
      const one = relation === 'one-to-one'
      return { as, model: joined, from: own(model, on.from), to: own(joined, on.to), limit, one }
    })

  const fieldsOf = (model, row) => {
    const others = renamedIn(model)
    if (others.size === 0) return row
    return Object.fromEntries(Object.entries(row).map(([name, value]) => [others.get(name) ?? name, value]))
  }

  return {
    request(action, asked) {
      const model = modelOf(asked)
      const { where, sortBy, limit, offset, select, join, update, increment, set } = asked
      return {
        action,
        model,
        where: where?.map((clause) => ({ ...clause, field: own(model, clause.field) })),
        sortBy: sortBy && { ...sortBy, field: getDefaultFieldName({ model, field: sortBy.field }) },
        limit,
        offset,
        select,
        join: joinsOf(model, join),
        data: data(model, asked.data),
        update: data(model, update ?? set),
        increment: data(model, increment),
      }
    },
    /** A row, with what is joined to it, in the names of the database; null stays null. */
    row(asked, row) {
      if (row === null) return null
      const made = fieldsOf(modelOf(asked), row)
      for (const { as, model } of joinsOf(modelOf(asked), asked.join) ?? []) {
        const joined = made[as]
        made[as] = Array.isArray(joined) ? joined.map((row) => fieldsOf(model, row)) : joined && fieldsOf(model, joined)
      }
      return made
    },
  }
}

module.exports = { namesOf }
