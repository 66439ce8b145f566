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
  #questions = 0

  /**
   * What is kept of a question, which is young again by that. Questions of one `kind` that differ in one value
   * are that value: making a text of both would cost as much as all the rest of finding it.
   */
  get(question, kind) {
    const young = this.#young.get(kind)?.get(question)
    if (young !== undefined) return young
    const old = this.#old.get(kind)?.get(question)
    if (old !== undefined) this.set(question, old, kind)
    return old
  }

  set(question, kept, kind) {
    // A list of ids to look for may be longer than its answer.
    const { length = 1 } = question
    if (length > MOST_OF_ONE) return
    const alike = this.#young.get(kind) ?? new Map()
    const earlier = alike.get(question)
    this.#size += kept.size + (earlier === undefined ? length : -earlier.size)
    if (earlier === undefined) this.#questions++
    alike.set(question, kept)
    this.#young.set(kind, alike)
    if (this.#size <= MOST / 2 && this.#questions <= QUESTIONS / 2) return
    this.#old = this.#young
    this.#young = new Map()
    this.#size = this.#questions = 0
  }
}

module.exports = { Generations, MOST_OF_ONE }
