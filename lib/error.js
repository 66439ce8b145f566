'use strict'

/** Two copies of this package in one process agree on what a StoreError is. */
const BRAND = Symbol.for('quilltap.StoreError')

/** Every failure of a store. `code` tells what kind; `model`, `path` and `issues` where. */
class StoreError extends Error {
  /** @param {{ code: string, message: string, model?: string, path?: string, issues?: object[], cause?: unknown }} parts */
  constructor(parts) {
    super(parts.message, 'cause' in parts ? { cause: parts.cause } : undefined)
    this.code = parts.code
    if (parts.issues !== undefined) this.issues = parts.issues
    for (const key of ['model', 'path']) {
      if (parts[key] !== undefined) this[key] = parts[key]
    }
  }

  static [Symbol.hasInstance](value) {
    if (this !== StoreError) return Function.prototype[Symbol.hasInstance].call(this, value)
    return typeof value === 'object' && value !== null && value[BRAND] === true
  }
}
Object.defineProperty(StoreError.prototype, 'name', { value: 'StoreError', configurable: true, writable: true })
Object.defineProperty(StoreError.prototype, BRAND, { value: true })

/** So many faults are told one by one; of the others, how many they are. */
const MOST_TOLD = 100
/** A place is told up to so many characters: its keys are as long as somebody makes them. */
const LONGEST_PLACE = 1000

/** Faults as they are found, each { path, expected, received }. */
class Faults {
  found = 0
  #told = []

  add(issue) {
    if (this.found++ >= MOST_TOLD) return
    const { path } = issue
    this.#told.push(path.length > LONGEST_PLACE ? { ...issue, path: `${path.slice(0, LONGEST_PLACE)}…` } : issue)
  }

  /** The `VALIDATION` error over them. */
  error(what) {
    const list = this.#told.map((i) => `${i.path || 'value'}: expected ${i.expected}, got ${i.received}`)
    if (this.found > MOST_TOLD) list.push(`and ${this.found - MOST_TOLD} more`)
    return new StoreError({
      code: 'VALIDATION',
      message: `${what} is not valid: ${list.join('; ')}`,
      issues: this.#told,
    })
  }
}

/** A `VALIDATION` error over issues of the form { path, expected, received }. */
function invalid(what, issues) {
  const faults = new Faults()
  issues.forEach((issue) => faults.add(issue))
  return faults.error(what)
}

/** What came, for a message: what it is, and never a value, which may be a secret. */
function described(value) {
  if (value === null || value === undefined) return String(value)
  if (typeof value === 'bigint') return 'a BigInt'
  if (typeof value !== 'object') return `a ${typeof value}`
  if (typeof value.then === 'function') return 'a Promise: await it'
  const tag = Object.prototype.toString.call(value).slice(8, -1)
  const name = tag === 'Object' ? Object.getPrototypeOf(value)?.constructor?.name : tag
  if (name === undefined || name === 'Object' || name === '') return 'an object'
  if (tag === 'Object') return `an instance of ${name}: give a plain object`
  return `${/^[AEIO]/.test(name) ? 'an' : 'a'} ${name === 'Array' ? 'array' : name}`
}

module.exports = { Faults, StoreError, invalid, described }
