'use strict'

// Random calls over the recorded tables, whose answers PostgreSQL determines: every list is asked
// in a total order, ids and times are given.

const fc = require('fast-check')
const { accessor, world } = require('../oracle/cases.cjs')
const { enums, models } = require('./schema.cjs')

const names = Object.keys(models)
const TEXTS = ['', 'a', 'Ada', 'bo', 'Zażółć', '🦊', '%', '_', '\\x', 'x y', "it's", 'null']
const DATES = [
  '1970-01-01T00:00:00.000Z',
  '2025-09-01T11:05:00.685Z',
  '2025-10-01T00:02:02.006Z',
  '2040-02-29T23:59:59.999Z',
]
const JSONS = [
  null,
  true,
  0,
  -1.5,
  'a',
  [],
  {},
  [1, 'a', null],
  { a: { b: [1, 2] }, ab: null, 2: 'x' },
  { b: 1, a: 'A' },
]

/** Values that a field may have: those that rows of the world have, and others. */
function valueOf(model, field) {
  const known = world.rows[model]
    .map((row) => row[field.name])
    .filter((value) => typeof value === 'string')
    // A pattern that ends so is an error of PostgreSQL's, if it comes to try it on a row.
    .filter((value) => !value.endsWith('\\'))
  switch (field.type) {
    case 'String':
      return fc.constantFrom(...TEXTS, ...known)
    case 'Int':
      return fc.constantFrom(-1, 0, 1, 7, 1000, 2147483647)
    case 'Boolean':
      return fc.boolean()
    case 'DateTime':
      return fc.constantFrom(...DATES).map((text) => new Date(text))
    case 'Json':
      return fc.constantFrom(...JSONS)
    default:
      return fc.constantFrom(...enums[field.type])
  }
}

const some = (entries) => fc.record(entries, { requiredKeys: [] })
const oneKey = (entries) => fc.oneof(...Object.entries(entries).map(([key, value]) => fc.record({ [key]: value })))

// ---- where

function filter(model, field) {
  const value = valueOf(model, field)
  const orNull = field.nullable && field.type !== 'Json' ? fc.option(value) : value
  if (field.type === 'Json') return jsonFilter(value)
  const operators = {
    equals: orNull,
    not: orNull,
    in: fc.array(value, { maxLength: 3 }),
    notIn: fc.array(value, { maxLength: 3 }),
  }
  if (['String', 'Int', 'DateTime'].includes(field.type))
    Object.assign(operators, { lt: value, lte: value, gt: value, gte: value })
  if (field.type === 'String') Object.assign(operators, { contains: value, startsWith: value, endsWith: value })
  const asked = some(operators)
  if (field.type !== 'String') return fc.oneof(orNull, asked)
  return fc.oneof(
    orNull,
    asked,
    asked.map((filter) => ({ ...filter, mode: 'insensitive' })),
  )
}

function jsonFilter(value) {
  const path = fc.constantFrom(['a'], ['a', 'b'], ['a', 'b', '0'], ['2'], ['none'])
  const text = fc.constantFrom('a', 'A', '', 'x')
  const notNull = value.filter((json) => json !== null)
  /** One of these operators, of the value at a path or of the whole. */
  const asked = (operators, operand) =>
    fc.constantFrom(...operators).chain((name) => fc.record({ path, [name]: operand }, { requiredKeys: [name] }))
  return fc.oneof(
    oneKey({ equals: notNull, not: notNull }),
    fc.record({ path, equals: notNull }),
    asked(['string_contains', 'string_starts_with', 'string_ends_with'], text),
    asked(['array_contains'], notNull.filter(Array.isArray)),
    asked(['array_starts_with', 'array_ends_with'], notNull),
    asked(['gt', 'gte', 'lt', 'lte'], fc.constantFrom(0, 'a')),
  )
}

const scalars = (model) => models[model].fields

function where(model, depth = 2) {
  const entries = Object.fromEntries(scalars(model).map((field) => [field.name, filter(model, field)]))
  const leaf = fc.subarray(Object.keys(entries), { minLength: 1, maxLength: 2 }).chain((keys) => {
    return fc.record(Object.fromEntries(keys.map((key) => [key, entries[key]])))
  })
  if (depth === 0) return leaf
  const below = fc.constant(null).chain(() => where(model, depth - 1))
  const listed = fc.array(below, { maxLength: 2 })
  const branches = [leaf, leaf, fc.record({ AND: listed }), fc.record({ OR: listed }), fc.record({ NOT: below })]
  for (const { field, target, list, nullable } of models[model].relations) {
    const related = fc.constant(null).chain(() => where(target, depth - 1))
    const of = list
      ? { some: related, every: related, none: related }
      : { is: nullable ? fc.option(related) : related, isNot: related }
    branches.push(oneKey(of).map((asked) => ({ [field]: asked })))
  }
  return fc.oneof(...branches)
}

// ---- order, page, selection

/** The fields that make any order total. */
const keyOf = (model) => models[model].primaryKey?.fields ?? models[model].uniques[0].fields

function orderBy(model) {
  const direction = fc.constantFrom('asc', 'desc')
  const orders = scalars(model)
    .filter(({ type }) => type !== 'Json')
    .map(({ name, nullable }) => {
      const nulls = fc.constantFrom('first', 'last')
      return nullable
        ? fc.oneof(direction, fc.record({ sort: direction, nulls })).map((order) => ({ [name]: order }))
        : direction.map((order) => ({ [name]: order }))
    })
  for (const { field, list, target } of models[model].relations) {
    if (list) orders.push(direction.map((order) => ({ [field]: { _count: order } })))
    else orders.push(direction.map((order) => ({ [field]: { [keyOf(target)[0]]: order } })))
  }
  const total = keyOf(model).map((name) => ({ [name]: 'asc' }))
  return fc.array(fc.oneof(...orders), { maxLength: 2 }).map((first) => [...first, ...total])
}

const page = { take: fc.integer({ min: -3, max: 4 }), skip: fc.integer({ min: 0, max: 2 }) }

function many(model, depth) {
  const optional = { where: where(model, 1), ...page, ...selection(model, depth) }
  return fc.record({ orderBy: orderBy(model) }).chain((order) => some(optional).map((rest) => ({ ...rest, ...order })))
}

function selection(model, depth) {
  const fields = scalars(model).map(({ name }) => name)
  const relations = depth > 0 ? models[model].relations : []
  const related = ({ field, target, list }) => [
    field,
    fc.constant(null).chain(() => (list ? many(target, depth - 1) : one(target, depth - 1))),
  ]
  const include = some({
    ...Object.fromEntries(relations.map(related)),
    ...(relations.some(({ list }) => list) ? { _count: fc.constant(true) } : {}),
  })
  const chosen = fc.subarray(fields, { minLength: 1 }).map((keys) => Object.fromEntries(keys.map((key) => [key, true])))
  return { include, select: chosen }
}

/** Either of select and include, for a record. */
function one(model, depth) {
  const { include, select } = selection(model, depth)
  return fc.oneof(fc.record({ include }), fc.record({ select }), fc.constant({}))
}

/** `select` and `include` exclude each other. */
function tidy(args) {
  if (Array.isArray(args)) return args.map(tidy)
  if (args === null || typeof args !== 'object' || args instanceof Date) return args
  const { ...made } = args
  if (made.select && made.include) delete made.select
  if (made.include && Object.keys(made.include).length === 0) delete made.include
  return Object.fromEntries(Object.entries(made).map(([key, value]) => [key, tidy(value)]))
}

// ---- writes

const ID = fc.uuid({ version: 4 })
const rowKey = (model) => fc.constantFrom(...world.rows[model].map((row) => uniqueOf(model, row)))

function uniqueOf(model, row) {
  const key = keyOf(model)
  if (key.length === 1) return { [key[0]]: row[key[0]] }
  return { [key.join('_')]: Object.fromEntries(key.map((name) => [name, row[name]])) }
}

/** Mostly of a row that there is. */
const existing = (model) =>
  fc.oneof(
    { weight: 5, arbitrary: rowKey(model) },
    {
      weight: 1,
      arbitrary: ID.map((id) => uniqueOf(model, Object.fromEntries(keyOf(model).map((name) => [name, id])))),
    },
  )

function data(model, required) {
  const entries = Object.fromEntries(scalars(model).map((field) => [field.name, written(model, field)]))
  const must = scalars(model).filter(({ nullable, default: fallback }) => !nullable && !fallback)
  const requiredKeys = required ? must.map(({ name }) => name) : []
  if (required && 'id' in entries) requiredKeys.push('id')
  return fc.record(entries, { requiredKeys })
}

function written(model, field) {
  if (field.id) return ID
  // A text in Prisma's schema, of which we take the app's words only.
  if (model === 'Image' && field.name === 'source') return fc.constantFrom('upload', 'import', 'generated')
  if (field.type === 'Json') return valueOf(model, field).filter((value) => value !== null)
  const to = models[model].relations.find(({ fromFields }) => fromFields?.includes(field.name))
  const value = to
    ? fc.oneof(
        { weight: 6, arbitrary: rowKey(to.target).map((key) => Object.values(key)[0]) },
        { weight: 1, arbitrary: ID },
      )
    : valueOf(model, field)
  return field.nullable ? fc.option(value) : value
}

function changes(model) {
  const plain = data(model, false).map(({ id, ...rest }) => rest)
  const numbers = scalars(model).filter(({ type }) => type === 'Int')
  if (numbers.length === 0) return plain
  const bump = fc
    .constantFrom(...numbers)
    .chain(({ name }) =>
      oneKey({ increment: fc.integer({ min: -9, max: 9 }), multiply: fc.integer({ min: 0, max: 3 }) }).map(
        (change) => ({ [name]: change }),
      ),
    )
  return fc.oneof(plain, bump)
}

/** A change of what is related to a record. */
function nested(model) {
  const lists = models[model].relations.filter(({ list }) => list)
  if (lists.length === 0) return changes(model)
  return fc.constantFrom(...lists).chain(({ field, target, backRelation }) => {
    const key = models[target].relations.find((relation) => relation.field === backRelation.field).fromFields
    const without = (row) => Object.fromEntries(Object.entries(row).filter(([name]) => !key.includes(name)))
    const create = data(target, true).map(without)
    const steps = {
      create,
      connect: existing(target),
      connectOrCreate: fc.record({ where: existing(target), create }),
      update: fc.record({ where: existing(target), data: changes(target).map(without) }),
      updateMany: fc.record({ where: where(target, 0), data: changes(target).map(without) }),
      upsert: fc.record({ where: existing(target), create, update: changes(target).map(without) }),
      delete: existing(target),
      deleteMany: where(target, 0),
      disconnect: existing(target),
      set: fc.array(existing(target), { maxLength: 2 }),
    }
    return oneKey(steps).map((step) => ({ [field]: step }))
  })
}

// ---- calls

const numeric = (model) =>
  scalars(model)
    .filter(({ type }) => type === 'Int')
    .map(({ name }) => name)
const sortable = (model) =>
  scalars(model)
    .filter(({ type }) => !['Json', 'Boolean'].includes(type))
    .map(({ name }) => name)
const flags = (keys) =>
  fc.subarray(keys, { minLength: 1 }).map((chosen) => Object.fromEntries(chosen.map((key) => [key, true])))

function aggregates(model) {
  const parts = { _count: fc.constant(true), _min: flags(sortable(model)), _max: flags(sortable(model)) }
  if (numeric(model).length > 0) Object.assign(parts, { _sum: flags(numeric(model)), _avg: flags(numeric(model)) })
  return some(parts).map((asked) => ({ _count: true, ...asked }))
}

function groupBy(model) {
  const groups = scalars(model)
    .filter(({ type }) => type !== 'Json')
    .map(({ name }) => name)
  return fc
    .record({
      by: fc.subarray(groups, { minLength: 1, maxLength: 2 }),
      parts: aggregates(model),
      where: where(model, 1),
    })
    .map(({ by, parts, where }) => ({ by, where, orderBy: by.map((name) => ({ [name]: 'asc' })), ...parts }))
}

function methods(model) {
  const asked = { select: Object.fromEntries(keyOf(model).map((name) => [name, true])) }
  return {
    findMany: many(model, 2),
    findFirst: many(model, 1),
    findUnique: fc
      .record({ where: existing(model) })
      .chain((args) => one(model, 2).map((rest) => ({ ...rest, ...args }))),
    count: fc.record({ where: where(model) }),
    aggregate: fc
      .record({ where: where(model, 1), parts: aggregates(model) })
      .map(({ parts, ...rest }) => ({ ...rest, ...parts })),
    groupBy: groupBy(model),
    create: data(model, true).map((row) => ({ data: row })),
    createMany: fc.record({
      data: fc.array(data(model, true), { minLength: 1, maxLength: 3 }),
      skipDuplicates: fc.boolean(),
    }),
    update: fc.record({ where: existing(model), data: fc.oneof(changes(model), nested(model)) }),
    updateMany: fc.record({ where: where(model, 1), data: changes(model) }),
    upsert: fc.record({ where: existing(model), create: data(model, true), update: changes(model) }),
    delete: fc.record({ where: existing(model) }).map((args) => ({ ...args, ...asked })),
    deleteMany: fc.record({ where: where(model, 1) }),
  }
}

/** One call on one of these models, by the methods that are wanted. */
const call = (models, wanted) =>
  fc.constantFrom(...models).chain((model) => {
    const of = Object.entries(methods(model)).filter(([method]) => wanted(method))
    return fc.oneof(...of.map(([method, args]) => args.map((given) => ({ model, method, args: tidy(given) }))))
  })

const started = (client, { model, method, args }) => client[accessor(model)][method](args)

module.exports = { call, started, keyOf, names }
