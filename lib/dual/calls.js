'use strict'

const { describe } = require('../prisma/description.js')
const { requestOf } = require('../prisma/model.js')
const description = require('../../generated/prisma.js')
const { ours } = require('./foreign.js')

const { models } = describe(description)
const READS = new Set(
  'findUnique findUniqueOrThrow findFirst findFirstOrThrow findMany count aggregate groupBy'.split(' '),
)

/** The name of a model's methods on a client. */
const accessor = (model) => model[0].toLowerCase() + model.slice(1)

/** A call of a method of a model: what is repeated, and what the log knows of it. */
class Call {
  /** The relations that lead from the record to what is wanted of it: `findUnique(…).messages()`. */
  #path

  constructor(model, method, args, path = []) {
    this.model = model
    this.method = method
    this.args = ours(args)
    this.#path = path.filter((_, at) => at % 2 === 1)
  }

  /** What the primary's client has unpacked, as it was before. */
  packed(value) {
    if (value === null || value === undefined) return null
    return this.#path.reduceRight((inner, name) => ({ [name]: inner }), value)
  }

  /** As a request of Prisma's JSON protocol; where it is none, of the whole table. */
  get request() {
    try {
      return requestOf(models.get(this.model), this.method, this.args)
    } catch {
      return { modelName: this.model, action: 'deleteMany', query: { arguments: {}, selection: {} } }
    }
  }

  /** Makes the call on a client of ours. */
  async on(client) {
    const value = await client[accessor(this.model)][this.method](this.args)
    return this.#path.reduce((at, name) => at?.[name], value) == null ? null : value
  }
}

/** Words after which SQL may change something, wherever they stand. */
const CHANGES = /\b(insert|update|delete|truncate|alter|drop|create|merge|copy|call|do|into|nextval|setval|grant)\b/i

/** Does a text of SQL only read, for all that can be seen of it? */
const onlyReads = (sql) => /^\s*\(?\s*(select|show|explain|values|table|with)\b/i.test(sql) && !CHANGES.test(sql)

/** The SQL that a raw query was given, in whichever form. */
function sqlOf(args) {
  if (typeof args?.sql === 'string') return args.sql
  const [first] = Array.isArray(args) ? args : [args]
  if (typeof first === 'string') return first
  if (typeof first?.sql === 'string') return first.sql
  return Array.isArray(first) ? first.join('?') : String(first?.strings?.join('?') ?? '')
}

module.exports = { accessor, Call, onlyReads, READS, sqlOf }
