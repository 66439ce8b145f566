'use strict'

const { Generations } = require('../generations.js')

/** Characters of an answer that is kept at most: a longer one would take too long to copy at one go. */
const MOST = 1024 * 1024
/** Characters of an answer that is kept the first time: such a copy costs less than another look. */
const SHORT = 4096

/**
 * The data of answers, for whom asks the same again: it gets a copy where the native side says that
 * what the answer was made of has not changed.
 *
 * A long answer is kept when its question comes a second time.
 */
class Answers {
  #kept = new Generations()

  /** What is known of what is asked: undefined, or `{ seen, data }` where `seen` may be undefined. */
  find({ question, kind }) {
    return this.#kept.get(question, kind)
  }

  /** Notes what is asked, and its answer, whose text is so long; what is kept shares nothing with `data`. */
  note({ question, kind }, { seen, data }, size) {
    const isKnown = size <= SHORT || this.#kept.get(question, kind) !== undefined
    // What is null now can come to be without a change of any record that was seen.
    const isThere = typeof data === 'object' && data !== null && !(Array.isArray(data) && data.includes(null))
    const isKept = isKnown && seen !== undefined && isThere && size <= MOST
    if (isKept) this.#kept.set(question, { seen, data: copy(data), size }, kind)
    else if (!isKnown) this.#kept.set(question, { seen: undefined, data: undefined, size: 1 }, kind)
  }
}

/** A copy of plain JSON that shares nothing with it. */
function copy(value) {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(copy)
  const made = { ...value }
  for (const key in made) {
    const inner = made[key]
    if (typeof inner === 'object' && inner !== null) made[key] = copy(inner)
  }
  return made
}

module.exports = { Answers, copy }
