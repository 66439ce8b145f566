'use strict'

/** Characters of JSON text whose values are kept, together, with those of their questions; and of one answer. */
const MOST = 32 * 1024 * 1024
const MOST_OF_ONE = MOST / 4
/** Questions that are remembered at most. */
const QUESTIONS = 20_000

/**
 * What is kept of answers by their questions, each entry with its `size` in characters. Two generations bound
 * it: what nobody asks for while one fills up is let go.
 */
class Generations {
  #young = new Map()
  #old = new Map()
  #size = 0

  /** What is kept of a question, which is young again by that. */
  get(question) {
    const young = this.#young.get(question)
    if (young !== undefined) return young
    const old = this.#old.get(question)
    if (old !== undefined) this.set(question, old)
    return old
  }

  set(question, kept) {
    // A list of ids to look for may be longer than its answer.
    if (question.length > MOST_OF_ONE) return
    const earlier = this.#young.get(question)
    this.#size += kept.size + (earlier === undefined ? question.length : -earlier.size)
    this.#young.set(question, kept)
    if (this.#size <= MOST / 2 && this.#young.size <= QUESTIONS / 2) return
    this.#old = this.#young
    this.#young = new Map()
    this.#size = 0
  }
}

module.exports = { Generations, MOST_OF_ONE }
