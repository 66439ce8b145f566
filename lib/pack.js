'use strict'

const { StoreError, invalid } = require('./error.js')

/** Arguments as JSON text. What JSON would drop or turn into null without a word is refused. */
function pack(args) {
  let text
  try {
    text = JSON.stringify(args)
  } catch (cause) {
    throw invalid('Arguments', faults(args, cause))
  }
  // Only where JSON has put a null can it have swallowed something that is no null.
  if (text.includes('null')) {
    const issues = faults(args)
    if (issues.length > 0) throw invalid('Arguments', issues)
  }
  return text
}

/** Every value that JSON cannot hold, with its place. */
function faults(args, cause) {
  const issues = []
  const above = []
  const fault = (path, expected, received) => issues.push({ path, expected, received })
  const visit = (value, path) => {
    if (value !== null && typeof value === 'object') {
      if (value instanceof Date || Object.prototype.toString.call(value) === '[object Date]') {
        if (Number.isNaN(value.getTime())) fault(path, 'a time', 'an invalid Date')
        return
      }
      if (above.includes(value)) return fault(path, 'a value that JSON can hold', 'an object that contains itself')
      above.push(value)
      for (const key of Object.keys(value)) {
        visit(value[key], Array.isArray(value) ? `${path}[${key}]` : path ? `${path}.${key}` : key)
      }
      above.pop()
    } else if (typeof value === 'number' && !Number.isFinite(value)) {
      fault(path, 'a finite number', String(value))
    } else if (typeof value === 'bigint') {
      fault(path, 'a number', 'a BigInt')
    } else if (typeof value === 'function' || typeof value === 'symbol') {
      fault(path, 'a value that JSON can hold', `a ${typeof value}`)
    }
  }
  args.forEach((value, at) => {
    try {
      visit(value, args.length === 1 || typeof value !== 'object' ? '' : `argument ${at + 1}`)
    } catch {
      // A getter that throws; the sentence below says so.
    }
  })
  if (cause !== undefined && issues.length === 0) {
    fault('', 'values that JSON can hold', `an error while it was made (${cause.message})`)
  }
  return issues
}

/** The value of an answer, or the error that it holds thrown. */
function unpack(text) {
  if (text[0] === '!') throw new StoreError(JSON.parse(text.slice(1)))
  return JSON.parse(text)
}

module.exports = { pack, unpack }
