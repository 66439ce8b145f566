'use strict'

/** Characters of JSON text whose values are kept, together; and of one answer. */
const MOST = 32 * 1024 * 1024
const MOST_OF_ONE = MOST / 4
/** Questions that are remembered at most. */
const QUESTIONS = 20_000

/**
 * The data of answers, for whom asks the same again: it gets a copy where the native side says that
 * what the answer was made of has not changed.
 *
 * An answer is kept when its question comes a second time. Two generations bound what is kept: what
 * nobody asks for while one fills up is let go.
 */
class Answers {
  #young = new Map()
  #old = new Map()
  #size = 0

  /** What is known of a question: undefined, or `{ seen, data }` where `seen` may be undefined. */
  find(question) {
    const kept = this.#young.get(question) ?? this.#old.get(question)
    if (kept !== undefined && !this.#young.has(question)) this.#keep(question, kept)
    return kept
  }

  /** Notes a question, and where it was asked before its answer, whose text is so long. */
  note(question, isKnown, { seen, data }, size) {
    const isKept = isKnown && seen !== undefined && typeof data === 'object' && data !== null && size <= MOST_OF_ONE
    // What is null now can come to be without a change of any record that was seen.
    if (isKept) this.#keep(question, { seen: JSON.stringify(seen), data: copy(data), size })
    else if (!isKnown) this.#keep(question, { seen: undefined, data: undefined, size: 1 })
  }

  #keep(question, kept) {
    this.#size += kept.size - (this.#young.get(question)?.size ?? 0)
    this.#young.set(question, kept)
    if (this.#size <= MOST / 2 && this.#young.size <= QUESTIONS / 2) return
    this.#old = this.#young
    this.#young = new Map()
    this.#size = 0
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
