'use strict'

const { types } = require('node:util')
const { Faults, StoreError, described } = require('./error.js')

/** What is said of a call where nothing is: any number of arguments, all of them data. */
const ANY = { params: Infinity }

/**
 * The arguments of a call as JSON text; what stands behind its own is left out, for `ids.map(findById)`
 * passes more. What JSON would drop, or turn into something else, is refused. `how` follows behind.
 */
function pack(args, { params, narrows } = ANY, how) {
  const given = args.length > params ? args.slice(0, params) : args
  let text
  try {
    text = JSON.stringify(how === undefined ? withoutEnd(given, narrows) : behind(given, params, how))
    if (!given.some(isLost) && !(narrows && leavesOut(narrowing(given, narrows)))) return text
  } catch (cause) {
    throw refused(given, narrows, cause)
  }
  throw refused(given, narrows)
}

/** What is `undefined` at the end was not given, unless it would have narrowed the question. */
function withoutEnd(args, narrows) {
  if (narrows !== undefined || args.at(-1) !== undefined) return args
  return args.slice(0, args.findLastIndex((value) => value !== undefined) + 1)
}

function behind(args, params, how) {
  return [...args, ...Array(params - args.length).fill(null), how]
}

/** Does JSON lose something of this argument, without a word? */
function isLost(value) {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'undefined':
      return false
    case 'number':
      return !Number.isFinite(value)
    case 'object':
      return value !== null && losesInside(value)
    default:
      return true
  }
}

/** A key that is `undefined` is as one that is not there; in an array it would become null. */
function losesInside(value) {
  if (Array.isArray(value)) return value.includes(undefined) || value.some(isLost)
  if (!isPlain(value)) return !types.isDate(value) || Number.isNaN(value.getTime())
  for (const key in value) {
    if (isLost(value[key]) && Object.hasOwn(value, key)) return true
  }
  return false
}

/** Does it only hold values: of whichever realm, what stands above it has nothing above. */
function isPlain(value) {
  const above = Object.getPrototypeOf(value)
  return above === null || above === Object.prototype || Object.getPrototypeOf(above) === null
}

/** What says what a question is about, which `undefined` must not make wider. */
function narrowing(args, [at, key]) {
  return key === undefined ? args[at] : args[at]?.[key]
}

function leavesOut(value) {
  if (typeof value !== 'object' || value === null || types.isDate(value)) return false
  return Object.values(value).some((inner) => inner === undefined || leavesOut(inner))
}

/** The error that names every value that is no data, with its place. */
function refused(args, narrows, cause) {
  const faults = new Faults()
  args.forEach((value, at) => {
    const [place, key] = narrows ?? []
    try {
      if (value === undefined) return
      const strict = place === at && key === undefined
      look(value, '', { above: [], strict, key: place === at ? key : undefined, faults })
    } catch {
      // A getter that throws, or no end of depth: the cause says so.
    }
  })
  if (faults.found > 0) return faults.error('Arguments')
  const said = cause instanceof Error ? cause.message.split('\n')[0] : described(cause)
  return new StoreError({ code: 'VALIDATION', message: `the arguments cannot be made JSON: ${said}`, cause })
}

function look(value, path, { above, strict, key, faults }) {
  const fault = (expected, received = described(value)) => void faults.add({ path, expected, received })
  if (value === undefined) return fault(strict ? 'a value (leave the key out, or write null)' : 'a value')
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : fault('a finite number', String(value))
  if (typeof value !== 'object') return fault('plain data')
  if (above.includes(value)) return fault('plain data', 'an object that contains itself')
  if (types.isDate(value)) return Number.isNaN(value.getTime()) ? fault('a time', 'an invalid Date') : undefined
  const within = { above: [...above, value], strict, key: undefined, faults }
  if (Array.isArray(value)) return void Array.from(value, (item, at) => look(item, `${path}[${at}]`, within))
  if (!isPlain(value)) return fault('plain data')
  for (const [name, field] of Object.entries(value)) {
    const inside = { ...within, strict: strict || name === key }
    if (field !== undefined || strict) look(field, path ? `${path}.${name}` : name, inside)
  }
}

/** The value of an answer, or the error that it holds thrown. */
function unpack(text) {
  if (text[0] === '!') throw new StoreError(JSON.parse(text.slice(1)))
  return JSON.parse(text)
}

module.exports = { pack, unpack, isPlain }
