'use strict'

// The values of a recorded case: JSON with tags for what JSON has no word for, and with names
// (`$id1`, `$now`) for what differs from run to run.

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const ID = /^\$id\d+$/

const isPlain = (value) =>
  value !== null && typeof value === 'object' && !Array.isArray(value) && !(value instanceof Date)

/** What is bound while the cases of one unit run: ids by their names, and times. */
class Bindings {
  ids = new Map()
  times = new Map()
  started = Date.now()

  copy() {
    return Object.assign(new Bindings(), {
      ids: new Map(this.ids),
      times: new Map(this.times),
      started: this.started,
    })
  }

  become({ ids, times }) {
    Object.assign(this, { ids, times })
  }
}

const TAGS = {
  $date: (value) => new Date(value),
  $undefined: () => undefined,
  $prisma: (value, Prisma) => Prisma[value],
  $number: Number,
  $bigint: BigInt,
  $repeat: ([text, times]) => text.repeat(times),
}

/** The JavaScript value of tagged JSON. */
function decode(value, Prisma, ids = new Map()) {
  if (typeof value === 'string') return ID.test(value) ? ids.get(value) : value
  if (Array.isArray(value)) return value.map((item) => decode(item, Prisma, ids))
  if (!isPlain(value)) return value
  const tag = Object.keys(value).find((key) => key in TAGS)
  if (tag !== undefined) return TAGS[tag](value[tag], Prisma)
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, decode(field, Prisma, ids)]))
}

/**
 * The first difference between what was recorded and what came, with its path; null when there is
 * none. `open` holds the paths of lists whose order the database leaves open.
 */
function difference(expected, got, path, bindings, open) {
  const differs = (what) => `${path || 'the answer'}: expected ${what}, got ${shown(got)}`
  if (typeof expected === 'string' && ID.test(expected)) return boundId(expected, got, bindings, differs)
  if (Array.isArray(expected)) {
    if (!Array.isArray(got) || got.length !== expected.length) return differs(`a list of ${expected.length}`)
    const inOrder = !open.has(path.replace(/\[\d+\]/g, '[]'))
    return (inOrder ? ordered : unordered)(expected, got, path, bindings, open)
  }
  if (!isPlain(expected)) return Object.is(expected, got) ? null : differs(shown(expected))
  if ('$now' in expected) return present(expected.$now, got, bindings, differs)
  if ('$date' in expected) {
    return got instanceof Date && got.toISOString() === expected.$date ? null : differs(expected.$date)
  }
  if ('$undefined' in expected) return got === undefined ? null : differs('undefined')
  return isPlain(got) ? fields(expected, got, path, bindings, open) : differs('an object')
}

function boundId(name, got, { ids }, differs) {
  if (ids.has(name)) return ids.get(name) === got ? null : differs(`the id of ${name}`)
  if (typeof got !== 'string' || !UUID.test(got) || [...ids.values()].includes(got)) return differs('a new UUID')
  ids.set(name, got)
  return null
}

function present(number, got, { times, started }, differs) {
  const near = got instanceof Date && got >= started - 2000 && got <= Date.now() + 2000
  if (!near) return differs('the present time')
  if (times.has(number)) return times.get(number) === got.getTime() ? null : differs(`the same time as $now ${number}`)
  times.set(number, got.getTime())
  return null
}

/** The order of the keys counts. */
function fields(expected, got, path, bindings, open) {
  const [keys, given] = [Object.keys(expected), Object.keys(got)]
  if (keys.join() !== given.join()) return `${path || 'the answer'}: expected the keys ${keys}, got ${given}`
  for (const key of keys) {
    const found = difference(expected[key], got[key], `${path}.${key}`, bindings, open)
    if (found) return found
  }
  return null
}

function ordered(expected, got, path, bindings, open) {
  for (let at = 0; at < expected.length; at++) {
    const found = difference(expected[at], got[at], `${path}[${at}]`, bindings, open)
    if (found) return found
  }
  return null
}

function unordered(expected, got, path, bindings, open) {
  const left = [...got]
  for (const [at, item] of expected.entries()) {
    const place = left.findIndex((candidate) => {
      const before = bindings.copy()
      if (!difference(item, candidate, `${path}[${at}]`, bindings, open)) return true
      bindings.become(before)
      return false
    })
    if (place < 0) return `${path || 'the answer'}: nothing equals ${shown(item)}`
    left.splice(place, 1)
  }
  return null
}

function shown(value) {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 200 ? `${text.slice(0, 200)}…` : text
}

module.exports = { Bindings, decode, difference, shown }
