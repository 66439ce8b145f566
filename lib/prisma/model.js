'use strict'

const { ACTIONS, request } = require('./serialize.js')
const { PrismaPromise } = require('./promise.js')
const { copyAnswer, planOf, revive, reviveLong } = require('./revive.js')
const { Shapes } = require('./shapes.js')
const { STATE } = require('./state.js')
const { FieldRef } = require('./values.js')
const aggregates = require('./aggregate.js')
const { copy } = require('./answers.js')

/** Methods after which a relation of the answer can be asked for: `findUnique(…).chats()`. */
const FLUENT = new Set('findUnique findUniqueOrThrow findFirst findFirstOrThrow create update upsert delete'.split(' '))
/** How a step of a fluent chain is made: `promise[NEXT](relation, args)`. */
const NEXT = Symbol('next')
const READS = new Set(
  'findUnique findUniqueOrThrow findFirst findFirstOrThrow findMany count aggregate groupBy'.split(' '),
)
const COUNTED = new Set(['createMany', 'updateMany', 'deleteMany'])

/** The methods of one model on a client: a plain object of functions that need no `this`. */
function modelMethods(client, model, perform) {
  const methods = {}
  for (const operation of (model.operations ??= Object.keys(ACTIONS).map((method) => operationOf(model, method)))) {
    methods[operation.method] = (args) => call(client, perform, operation, args, [])
  }
  methods.fields = fieldReferences(model)
  return methods
}

/** What a method makes of its arguments, and of the answer. */
function operationOf(model, method) {
  const form = aggregates[method] ?? (COUNTED.has(method) ? counted : records)
  const operation = {
    model,
    method,
    name: `${model.accessor}.${method}`,
    givesRecords: form === records,
    isRead: READS.has(method),
    Promise: FLUENT.has(method) ? fluentPromise(model) : PrismaPromise,
    request: (args, around) => request(model, method, form.args(args), around),
    plan: (asked) => planOf(model, asked.query.selection),
    answer: (data, args, plan) => form.answer(data, model, args, plan),
    answerLong: (data, args, plan) => (form.answerLong ?? form.answer)(data, model, args, plan),
    copy: (data, plan) => (form.copy ? form.copy(data, plan) : copy(data)),
  }
  if (form === records && operation.isRead) operation.shapes = new Shapes(operation)
  return operation
}

/** A call as a request of the protocol, for who repeats it elsewhere. */
const requestOf = (model, method, args) => operationOf(model, method).request(args)

const records = {
  args: (args) => args,
  answer: (data, model, args, plan) => revive(data, plan),
  answerLong: (data, model, args, plan) => reviveLong(data, plan),
  copy: copyAnswer,
}
const counted = { args: (args) => args, answer: (data) => data }

/** One call, or one step of a fluent chain: `path` leads from the record to what the caller wants of it. */
function call(client, perform, operation, args, path, Promise = operation.Promise) {
  const run =
    path.length === 0
      ? (transaction) => perform(client, operation, args, transaction)
      : async (transaction) => follow(await perform(client, operation, args, transaction), path)
  const made = new Promise(run, client[STATE].transaction)
  if (Promise !== PrismaPromise) {
    made[NEXT] = (field, given) => {
      const { isList, model } = Promise.model.fields.get(field)
      const selecting = select(args ?? {}, path, field, given ?? true)
      return call(
        client,
        perform,
        operation,
        selecting,
        [...path, field],
        isList ? PrismaPromise : fluentPromise(model),
      )
    }
  }
  return made
}

function follow(answer, path) {
  let at = answer
  for (const field of path) at = at?.[field]
  return at ?? null
}

/** A promise of a record of this model, which has a method for each of its relations. */
function fluentPromise(model) {
  return (model.FluentPromise ??= makeFluentPromise(model))
}

function makeFluentPromise(model) {
  const Made = class extends PrismaPromise {
    static model = model
  }
  for (const field of model.relations) {
    const value = function (args) {
      return this[NEXT](field, args)
    }
    Object.defineProperty(Made.prototype, field, { value, configurable: true })
  }
  return Made
}

/** The arguments with one relation more selected, below those of `path`. */
function select(args, path, field, given) {
  const [first, ...rest] = path
  if (first === undefined) return { ...args, select: { ...args.select, [field]: given } }
  const inner = args.select[first]
  return { ...args, select: { ...args.select, [first]: select(inner === true ? {} : inner, rest, field, given) } }
}

function fieldReferences(model) {
  const made = {}
  for (const { name, type, kind, isList } of model.fields.values()) {
    if (kind !== 'object') made[name] = new FieldRef(model.name, name, type, isList)
  }
  return made
}

module.exports = { modelMethods, requestOf }
