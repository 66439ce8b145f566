'use strict'

const { StoreError, described, invalid } = require('./error.js')

/** Arguments as JSON text. What JSON would drop or turn into null without a word is refused. */
function pack(args) {
  let text
  try {
    text = JSON.stringify(args)
  } catch (cause) {
    throw refused(args, cause)
  }
  for (let at = 0; at < args.length; at++) {
    // One that is left out crosses as null.
    if (typeof args[at] !== 'string' && args[at] !== undefined && isLost(args[at])) throw refused(args)
  }
  return text
}

/** Does JSON lose something of this value, without a word? It has no cycle. */
function isLost(value) {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return false
  if (typeof value === 'number') return !Number.isFinite(value)
  if (typeof value !== 'object') return true
  if (Array.isArray(value)) return value.includes(undefined) || value.some(isLost)
  if (typeof value.toJSON === 'function') return isLost(plain(value))
  for (const key in value) {
    const field = value[key]
    if (typeof field !== 'string' && field !== undefined && isLost(field) && Object.hasOwn(value, key)) return true
  }
  return false
}

/** What JSON takes in place of an object that says so itself; an invalid Date stays one. */
function plain(value) {
  const given = value.toJSON()
  return given === null && isDate(value) ? undefined : given
}

/** Of any realm. */
function isDate(value) {
  return Object.prototype.toString.call(value) === '[object Date]'
}

/** The error that names every value that JSON cannot hold, with its place. */
function refused(args, cause) {
  const issues = []
  for (const value of args) {
    try {
      if (value !== undefined) look(value, '', [], issues)
    } catch {
      // A getter or a toJSON that throws, or no end of depth: the cause says so.
    }
  }
  if (issues.length > 0) return invalid('Arguments', issues)
  const said = cause instanceof Error ? cause.message.split('\n')[0] : described(cause)
  return new StoreError({ code: 'VALIDATION', message: `the arguments cannot be made JSON: ${said}`, cause })
}

function look(value, path, above, issues) {
  const fault = (expected, received) => void issues.push({ path, expected, received })
  if (value === undefined) return fault('a value', 'undefined')
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : fault('a finite number', String(value))
  if (typeof value !== 'object') return fault('a value that JSON can hold', described(value))
  if (above.includes(value)) return fault('a value that JSON can hold', 'an object that contains itself')
  if (isDate(value) && Number.isNaN(value.getTime())) return fault('a time', 'an invalid Date')
  if (typeof value.toJSON === 'function') return look(value.toJSON(), path, above, issues)
  const within = [...above, value]
  if (Array.isArray(value)) return void Array.from(value, (item, at) => look(item, `${path}[${at}]`, within, issues))
  for (const [key, field] of Object.entries(value)) {
    if (field !== undefined) look(field, path ? `${path}.${key}` : key, within, issues)
  }
}

/** The value of an answer, or the error that it holds thrown. */
function unpack(text) {
  if (text[0] === '!') throw new StoreError(JSON.parse(text.slice(1)))
  return JSON.parse(text)
}

module.exports = { pack, unpack }
