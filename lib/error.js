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

/** A `VALIDATION` error over issues of the form { path, expected, received }. */
function invalid(what, issues) {
  const list = issues.map((i) => `${i.path || 'value'}: expected ${i.expected}, got ${i.received}`)
  return new StoreError({ code: 'VALIDATION', message: `${what} is not valid: ${list.join('; ')}`, issues })
}

/** What came, for a message: short, and never a value that may be a secret. */
function described(value) {
  if (value === null || value === undefined || typeof value === 'boolean') return String(value)
  if (typeof value === 'number') return `a number (${value})`
  if (typeof value === 'bigint') return 'a BigInt'
  if (typeof value === 'string') return 'a text'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

module.exports = { StoreError, invalid, described }
