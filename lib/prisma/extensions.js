'use strict'

/** The extensions of a client, the oldest first. `$extends` makes a longer list of its own. */
class Extensions {
  #list
  #computed = new Map()

  constructor(list = []) {
    this.#list = list
    /** Nothing has to be asked of a client without these. */
    this.hasQueries = list.some(({ query }) => query !== undefined)
    this.hasResults = list.some(({ result }) => result !== undefined)
  }

  with(extension) {
    return new Extensions([...this.#list, extension])
  }

  /** What the extensions add to the client itself. */
  clientMethods() {
    return Object.assign({}, ...this.#list.map(({ client }) => client))
  }

  /** What they add to a model. */
  modelMethods(accessor) {
    return Object.assign({}, ...this.#list.flatMap(({ model }) => [model?.$allModels, model?.[accessor]]))
  }

  /** The functions around an operation, the outermost first; `accessor` is undefined for raw queries. */
  queries(accessor, operation) {
    const made = []
    for (const { query } of this.#list) {
      if (query === undefined) continue
      const places = accessor === undefined ? [query] : [query[accessor], query.$allModels, query]
      for (const place of places) made.push(place?.[operation], place?.$allOperations)
    }
    return made.filter((around) => typeof around === 'function')
  }

  /** The computed fields of a model; undefined where there are none. */
  computed(model) {
    if (!this.hasResults) return undefined
    if (!this.#computed.has(model)) this.#computed.set(model, computedFields(this.#list, model))
    return this.#computed.get(model)
  }
}

function computedFields(list, model) {
  const fields = new Map()
  for (const { result } of list) {
    for (const [name, { needs, compute }] of Object.entries({ ...result?.$allModels, ...result?.[model.accessor] })) {
      // A field that takes an older one's name may need that one.
      const older = fields.get(name)
      const needed = Object.keys(needs ?? {}).filter((key) => needs[key])
      fields.set(name, { name, needs: needed, compute: older ? over(older, name, compute) : compute })
    }
  }
  return fields.size > 0 ? new Computed(fields) : undefined
}

function over(older, name, compute) {
  return (record) =>
    compute(Object.defineProperty({ ...record }, name, { get: () => older.compute(record), enumerable: true }))
}

/** The computed fields of one model. */
class Computed {
  #fields

  constructor(fields) {
    this.#fields = fields
  }

  has(name) {
    return this.#fields.has(name)
  }

  /** A `select` with what the computed fields in it need. */
  selecting(select) {
    const made = { ...select }
    for (const name of Object.keys(select)) {
      if (select[name] === true) for (const needed of this.#stored(name)) made[needed] ||= true
    }
    return made
  }

  /** An `omit` without what the computed fields that stay need. */
  omitting(omit) {
    const made = { ...omit }
    for (const name of this.#fields.keys()) {
      if (!omit[name]) for (const needed of this.#stored(name)) delete made[needed]
    }
    return made
  }

  /** The record as the caller asked for it, with its computed fields, which are made when they are read. */
  over(record, select, omit) {
    const source = { ...record }
    const made = record
    for (const { name, needs, compute } of this.#fields.values()) {
      if (!needs.every((needed) => needed in source)) continue
      const get = once(() => compute(source))
      Object.defineProperty(source, name, { get, enumerable: true, configurable: true })
      if (select ? select[name] : !omit[name]) {
        Object.defineProperty(made, name, { get, enumerable: true, configurable: true })
      }
    }
    this.#hide(made, select, omit)
    return made
  }

  /** What was read for a computed field only, and not asked for. */
  #hide(record, select, omit) {
    for (const name of this.#fields.keys()) {
      for (const needed of this.#stored(name)) {
        if (select ? select[name] && !select[needed] : omit[needed]) delete record[needed]
      }
    }
  }

  /** The stored fields that a computed one needs in the end. */
  #stored(name) {
    const field = this.#fields.get(name)
    if (field === undefined) return []
    return field.needs.flatMap((needed) =>
      needed !== name && this.#fields.has(needed) ? this.#stored(needed) : [needed],
    )
  }
}

function once(make) {
  let made
  let known = false
  return () => {
    if (!known) [made, known] = [make(), true]
    return made
  }
}

/** Adds the computed fields of every model in an answer, as deep as was asked. */
function compute(answer, model, args, around) {
  if (Array.isArray(answer)) return answer.map((record) => compute(record, model, args, around))
  if (typeof answer !== 'object' || answer === null) return answer
  const { select, include, omit } = args ?? {}
  for (const [name, nested] of Object.entries(select ?? include ?? {})) {
    const field = model.fields.get(name)
    if (field?.kind !== 'object' || !nested || !answer[name]) continue
    answer[name] = compute(answer[name], field.model, nested === true ? {} : nested, around)
  }
  return around.computed(model)?.over(answer, select, { ...around.omitted(model), ...omit }) ?? answer
}

module.exports = { Extensions, compute }
