'use strict'

const { validationError } = require('./errors.js')
const { nameOf } = require('./values.js')

/** The names of the protocol for what a model's methods are called. */
const ACTIONS = {
  findUnique: 'findUnique',
  findUniqueOrThrow: 'findUniqueOrThrow',
  findFirst: 'findFirst',
  findFirstOrThrow: 'findFirstOrThrow',
  findMany: 'findMany',
  create: 'createOne',
  createMany: 'createMany',
  createManyAndReturn: 'createManyAndReturn',
  update: 'updateOne',
  updateMany: 'updateMany',
  updateManyAndReturn: 'updateManyAndReturn',
  upsert: 'upsertOne',
  delete: 'deleteOne',
  deleteMany: 'deleteMany',
  count: 'aggregate',
  aggregate: 'aggregate',
  groupBy: 'groupBy',
}

/**
 * A call as a request of Prisma's JSON protocol. `around`, where there is any:
 * `computed(model)` gives the computed fields that extensions add to a model, `omitted(model)` what
 * the client leaves out everywhere.
 */
function request(model, method, args, around) {
  return { modelName: model.name, action: ACTIONS[method], query: field(args ?? {}, model, around) }
}

function field({ select, include, omit, ...args }, model, around) {
  return { arguments: object(args, undefined), selection: selection(select, include, omit, model, around) }
}

function selection(select, include, omit, model, around) {
  if (select === undefined || select === null || select === false) return implicit(include, omit, model, around)
  if (typeof select === 'string') throw notAField(model)
  if (include) throw exclusive('include')
  if (omit) throw exclusive('omit')
  return explicit(select, model, around)
}

/** Prisma takes a text for a list of fields: its letters. */
function notAField(model) {
  return validationError(`Unknown field \`0\` on model \`${model?.name}\`. Available options are marked with ?.`)
}

function exclusive(other) {
  return validationError(`Please either use \`${other}\` or \`select\`, but not both at the same time.`)
}

/** All scalars, but for what is omitted, and the relations that are included. */
function implicit(include, omit, model, around) {
  const made = { $composites: true, $scalars: true }
  for (const [key, value] of entries(include)) set(made, key, included(key, value, model, around))
  const computed = model && around?.computed(model)
  const omitted = { ...(model && around?.omitted(model)), ...omit }
  for (const [key, value] of entries(computed ? computed.omitting(omitted) : omitted)) {
    if (computed?.has(key) && !model.fields.has(key)) continue
    set(made, key, !value)
  }
  return made
}

function included(key, value, model, around) {
  if (value === false) return false
  const known = model?.fields.get(key)
  if (known !== undefined && known.kind !== 'object') {
    throw validationError(
      `Invalid scalar field \`${key}\` for include statement on model ${model.name}.\nNote that include statements only accept relation fields.`,
    )
  }
  if (known === undefined && value === true) return true
  return field(value === true ? {} : value, known?.model, around)
}

/** What is selected, in the caller's order; computed fields add what they need. */
function explicit(select, model, around) {
  const computed = model && around?.computed(model)
  const made = {}
  for (const [key, value] of entries(computed ? computed.selecting(select) : select)) {
    const known = model?.fields.get(key)
    if (computed?.has(key) && known === undefined) continue
    set(made, key, selected(value, known, around))
  }
  return made
}

function selected(value, known, around) {
  if (value === false) return false
  if (value !== true) return field(value, known?.model, around)
  return known?.kind === 'object' ? field({}, known.model, around) : true
}

/** Like `made[key] = value`, also for the key that would set what stands above instead, and be left out. */
function set(made, key, value) {
  if (key !== '__proto__') made[key] = value
  else Object.defineProperty(made, key, { value, configurable: true, enumerable: true, writable: true })
}

/** The entries that count: what is undefined or `Prisma.skip` is as if it were not there. */
function entries(given) {
  return Object.entries(given ?? {}).filter(([, value]) => value !== undefined && !isSkip(value))
}

const isSkip = (value) => typeof value === 'object' && value !== null && nameOf(value) === 'skip'

function object(given, path) {
  if ('$type' in given) return { $type: 'Raw', value: given }
  const made = {}
  for (const key of Object.keys(given)) {
    const field = given[key]
    if (field === undefined || isSkip(field)) continue
    set(made, key, value(field, key))
  }
  return made
}

/** A value, tagged where JSON has no word for it; `name` is that of its argument. */
function value(given, name) {
  if (given === null) return null
  switch (typeof given) {
    case 'string':
    case 'number':
    case 'boolean':
      return given
    case 'bigint':
      return { $type: 'BigInt', value: String(given) }
    case 'object':
      return fromObject(given, name)
    default:
      throw unserializable(given, name)
  }
}

function fromObject(given, name) {
  if (Array.isArray(given)) return given.map((item, at) => element(item, `${name}[${at}]`))
  if (isDate(given)) return time(given, name)
  const brand = nameOf(given)
  if (brand !== undefined) return tagged(brand, given, name)
  if (ArrayBuffer.isView(given))
    return { $type: 'Bytes', value: Buffer.from(given.buffer, given.byteOffset, given.byteLength).toString('base64') }
  if (isDecimal(given)) return { $type: 'Decimal', value: given.toFixed() }
  if (typeof given.toJSON === 'function') return given.toJSON()
  return object(given)
}

function tagged(brand, given, name) {
  if (brand === 'FieldRef') return { $type: 'FieldRef', value: { _ref: given.name, _container: given.modelName } }
  if (brand === 'sql') throw unserializable(given, name)
  return { $type: 'Enum', value: brand }
}

function element(item, name) {
  if (item !== undefined && !isSkip(item)) return value(item, name)
  const shown = item === undefined ? 'undefined' : 'Prisma.skip'
  throw invalid(name, `Can not use \`${shown}\` value within array. Use \`null\` or filter out \`${shown}\` values`)
}

function time(given, name) {
  if (Number.isNaN(given.getTime())) throw invalid(name, 'Provided Date object is invalid. Expected Date')
  return { $type: 'DateTime', value: given.toISOString() }
}

/** Of any realm. */
const isDate = (given) => given instanceof Date || Object.prototype.toString.call(given) === '[object Date]'

/** One of decimal.js, of whichever copy. */
const isDecimal = (given) =>
  typeof given.toFixed === 'function' &&
  typeof given.e === 'number' &&
  typeof given.s === 'number' &&
  Array.isArray(given.d)

function unserializable(given, name) {
  const shown = Object.prototype.toString.call(given)
  return invalid(
    name,
    `We could not serialize ${shown} value. Serialize the object to JSON or implement a ".toJSON()" method on it`,
  )
}

function invalid(name, words) {
  return validationError(`Invalid value for argument \`${name}\`: ${words}.`)
}

module.exports = { ACTIONS, request, set }
