'use strict'

/** Two copies of this package in one process agree on what a StoreError is. */
const BRAND = Symbol.for('quilltap.StoreError')

/** Every failure of a store. `code` tells what kind; `model`, `path` and `issues` where. */
class StoreError extends Error {
  /** @param {{ code: string, message: string, model?: string, path?: string, issues?: object[] }} parts */
  constructor(parts) {
    super(parts.message)
    this.code = parts.code
    for (const key of ['model', 'path', 'issues']) {
      if (parts[key] !== undefined) this[key] = parts[key]
    }
  }

  static [Symbol.hasInstance](value) {
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

module.exports = { StoreError, invalid }
