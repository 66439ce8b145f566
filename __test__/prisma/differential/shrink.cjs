'use strict'

// Makes a sequence of calls smaller for as long as it still shows what it shows: calls, keys of their
// arguments and items of lists are left out, one after another, and texts and numbers become plain ones.

/** Without a total order the two may answer in different ones. */
const mayGo = (key) => key !== 'orderBy'

/** Everything that a value can be made with one piece less, the largest pieces first. */
function* less(value) {
  if (Array.isArray(value)) {
    for (const at of value.keys()) yield value.toSpliced(at, 1)
    yield* inside(value, (at, made) => value.with(at, made))
  } else if (value !== null && typeof value === 'object' && !(value instanceof Date)) {
    for (const key of Object.keys(value).filter(mayGo)) {
      const { [key]: _, ...rest } = value
      yield rest
    }
    yield* inside(value, (key, made) => ({ ...value, [key]: made }))
  } else if (typeof value === 'string' && !['', 'a'].includes(value)) {
    yield 'a'
  } else if (typeof value === 'number' && Math.abs(value) > 1) {
    yield Math.sign(value)
  }
}

function* inside(value, put) {
  for (const key of Array.isArray(value) ? value.keys() : Object.keys(value).filter(mayGo)) {
    for (const made of less(value[key])) yield put(key, made)
  }
}

const shorter = function* (calls) {
  for (const at of calls.keys()) if (calls.length > 1) yield calls.toSpliced(at, 1)
  for (const [at, asked] of calls.entries()) {
    for (const args of less(asked.args)) yield calls.with(at, { ...asked, args })
  }
}

/** The smallest calls that `shows` still holds of, found in at most so many tries. */
async function smaller(calls, shows, tries = 400) {
  let least = calls
  for (let again = true; again;) {
    again = false
    for (const candidate of shorter(least)) {
      if (tries-- <= 0) return least
      if (!(await shows(candidate))) continue
      least = candidate
      again = true
      break
    }
  }
  return least
}

module.exports = { smaller }
