'use strict'

const { isPlain } = require('../pack.js')

/** So many calls of one method are known by their shapes. */
const SHAPES = 32
/** Keys, and items of lists, that the arguments of such a call have at most. */
const PARTS = 64
/** The arguments whose texts and numbers are values: they differ from call to call, where the rest is written once. */
const VARYING = new Set(['where', 'cursor', 'take', 'skip'])
/** What stands for a value until there is one, with its number; no text of a request has it by chance. */
const HOLE = '\u{10fffe}quilltap hole '
const HOLE_TEXT = new RegExp(`"${HOLE}(\\d+)"`, 'u')

/**
 * What calls of one method have in common whose arguments differ in their values alone: their request, made once,
 * the pieces of its text between the values, and how their answers are copied.
 */
class Shape {
  #parts
  #pieces
  #order

  /** The text of the request: its pieces, and between them the values, of which `order` has the numbers. */
  constructor(operation, parts, request, { pieces, order }) {
    this.operation = operation
    this.request = request
    this.plan = operation.plan(request)
    this.#parts = parts
    this.#pieces = pieces
    this.#order = order
  }

  /** The values of arguments of this shape, in their order; undefined for others. */
  valuesOf(args) {
    const values = []
    return takeObject(this.#parts, args, values) ? values : undefined
  }

  /** What tells a question from all others of this shape. */
  question(values) {
    if (values.length === 1) return values[0]
    let text = ''
    for (const value of values) text += `:${typeof value === 'string' ? value.length : ''}:${value}`
    return text
  }

  /** The arguments of the call on the native side. */
  text(values) {
    let text = this.#pieces[0]
    for (let at = 0; at < values.length; at++) text += JSON.stringify(values[this.#order[at]]) + this.#pieces[at + 1]
    return text
  }
}

/** A call of a known shape, as it is asked on the native side: see `asked.js`. */
class AskedAlike {
  #shape
  #values

  constructor(shape, values) {
    this.#shape = shape
    this.#values = values
    this.question = shape.question(values)
  }

  get kind() {
    return this.#shape
  }

  get operation() {
    return this.#shape.operation
  }

  /** The request, but for its values. */
  get request() {
    return this.#shape.request
  }

  get plan() {
    return this.#shape.plan
  }

  get text() {
    return this.#shape.text(this.#values)
  }
}

/** The shapes of the calls of one method, those that were asked for last first. */
class Shapes {
  #operation
  #shapes = []

  constructor(operation) {
    this.#operation = operation
  }

  /** A call with these arguments; undefined where their shape is none that is known. */
  find(args) {
    const shapes = this.#shapes
    for (let at = 0; at < shapes.length; at++) {
      const shape = shapes[at]
      const values = shape.valuesOf(args)
      if (values === undefined) continue
      if (at > 0) [shapes[at - 1], shapes[at]] = [shape, shapes[at - 1]]
      return new AskedAlike(shape, values)
    }
    if (shapes.length < SHAPES) this.#learn(args)
    return undefined
  }

  #learn(args) {
    const parts = objectParts(args, false, { left: PARTS })
    if (parts === undefined) return
    const holes = { count: 0 }
    const request = this.#operation.request(filled(parts, holes))
    // A request has its arguments before its selection, whatever stands first in the call.
    const split = JSON.stringify([request]).split(HOLE_TEXT)
    const pieces = split.filter((_, at) => at % 2 === 0)
    const order = split.filter((_, at) => at % 2 === 1).map(Number)
    if (order.length !== holes.count || new Set(order).size !== holes.count) return
    this.#shapes.push(new Shape(this.#operation, parts, request, { pieces, order }))
  }
}

// The parts of an object are its keys, and of each what may stand there: `{ hole: 'string' }` any value of this type,
// `{ keys, parts }` an object, `{ items }` a list, `{ same }` this value alone.

function objectParts(given, varies, room) {
  if (typeof given !== 'object' || given === null || !isPlain(given)) return undefined
  const keys = Object.keys(given)
  const parts = []
  for (const key of keys) {
    const part =
      key.startsWith('$') || key === '__proto__' ? undefined : partOf(given[key], varies || VARYING.has(key), room)
    if (part === undefined) return undefined
    parts.push(part)
  }
  return { keys, parts }
}

function partOf(value, varies, room) {
  if (--room.left < 0) return undefined
  if (varies && (typeof value === 'string' || Number.isFinite(value))) return { hole: typeof value }
  if (Array.isArray(value)) return listParts(value, varies, room)
  if (typeof value === 'object' && value !== null) return objectParts(value, varies, room)
  return ['string', 'boolean', 'undefined'].includes(typeof value) || value === null ? { same: value } : undefined
}

function listParts(given, varies, room) {
  const items = []
  for (const value of given) {
    const part = value === undefined ? undefined : partOf(value, varies, room)
    if (part === undefined) return undefined
    items.push(part)
  }
  return { items }
}

function take(part, value, values) {
  if (part.hole !== undefined) {
    if (typeof value !== part.hole || (part.hole === 'number' && !Number.isFinite(value))) return false
    values.push(value)
    return true
  }
  if (part.keys !== undefined) return takeObject(part, value, values)
  if (part.items === undefined) return part.same === value
  if (!Array.isArray(value) || value.length !== part.items.length) return false
  return part.items.every((item, at) => take(item, value[at], values))
}

function takeObject({ keys, parts }, given, values) {
  if (typeof given !== 'object' || given === null || !isPlain(given)) return false
  let at = 0
  for (const key in given) {
    if (key !== keys[at] || !take(parts[at], given[key], values)) return false
    at++
  }
  return at === keys.length
}

/** Arguments of a shape, with holes for values, numbered in the order in which `take` takes them. */
function filled({ hole, keys, parts, items, same }, holes) {
  if (hole !== undefined) return `${HOLE}${holes.count++}`
  if (keys !== undefined) return Object.fromEntries(keys.map((key, at) => [key, filled(parts[at], holes)]))
  return items === undefined ? same : items.map((item) => filled(item, holes))
}

module.exports = { Shapes }
