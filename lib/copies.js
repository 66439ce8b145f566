'use strict'

const { Generations, MOST_OF_ONE } = require('./generations.js')
const { unpack } = require('./pack.js')

/** What the native side is told by whom has no answer: to give none, or its fingerprint with it. */
const [PLAIN, ASK] = [0, 1]
/** `=` alone says that nothing has changed; with 15 hexadecimal digits it is a fingerprint. */
const [MARK, HEAD] = ['='.charCodeAt(0), 16]

/**
 * Answers that were parsed before, for whom asks the same again: they get a copy when the native
 * side says that nothing has changed, which spares them the text and its parsing.
 *
 * An answer is kept when its question comes a second time.
 */
class Copies {
  #kept = new Generations()

  /** The answer to a question, of which `read(known)` gives the text; undefined when it is null. */
  answer(question, read) {
    const kept = this.#kept.get(question)
    if (kept === undefined) {
      this.#kept.set(question, { print: ASK, size: 1, value: undefined, nested: undefined, isNew: true })
      return plain(read(PLAIN))
    }
    kept.isNew = false
    let text = read(kept.print)
    if (text?.length === 1 && text.charCodeAt(0) === MARK) {
      if (kept.value !== undefined) return copy(kept.value, kept.nested)
      kept.print = ASK
      text = read(ASK)
    }
    if (text === null || text.charCodeAt(0) !== MARK) return plain(text)
    return this.#fresh(question, kept.print === ASK, text)
  }

  /**
   * The answer by a thread that may take long, when `answer` gave none; `readLater(known)` gives a promise of its text.
   * It is kept like any other, or a long list would never be copied.
   */
  async answerLater(question, readLater) {
    const kept = this.#kept.get(question)
    const text = await readLater(kept === undefined || kept.isNew ? PLAIN : ASK)
    return text.charCodeAt(0) === MARK ? this.#fresh(question, kept.print === ASK, text) : plain(text)
  }

  /** What was asked for again and has not changed is kept; what changes all the time only noted. */
  #fresh(question, again, text) {
    const value = unpack(text.slice(HEAD))
    const nested = again && text.length <= MOST_OF_ONE ? nestedIn(value) : undefined
    const print = parseInt(text.slice(1, HEAD), 16)
    if (nested === undefined) {
      this.#kept.set(question, { print, size: 1, value: undefined, nested })
      return value
    }
    this.#kept.set(question, { print, size: text.length, value, nested })
    return copy(value, nested)
  }
}

function plain(text) {
  return text === null ? undefined : unpack(text)
}

/** The keys under which the records of an answer hold objects; undefined for one not to be kept. */
function nestedIn(value) {
  const nested = new Set()
  for (const record of Array.isArray(value) ? value : [value]) {
    if (typeof record !== 'object' || record === null) return undefined
    for (const key in record) {
      if (typeof record[key] === 'object' && record[key] !== null) nested.add(key)
    }
  }
  return nested.has('__proto__') ? undefined : [...nested]
}

/** A copy that shares nothing with what is kept. */
function copy(value, nested) {
  return Array.isArray(value) ? value.map((record) => copyRecord(record, nested)) : copyRecord(value, nested)
}

function copyRecord(record, nested) {
  const made = { ...record }
  for (let at = 0; at < nested.length; at++) {
    const inner = made[nested[at]]
    if (typeof inner === 'object' && inner !== null) made[nested[at]] = copyDeep(inner)
  }
  return made
}

function copyDeep(value) {
  if (Array.isArray(value)) {
    return value.length === 0
      ? []
      : value.map((item) => (typeof item === 'object' && item !== null ? copyDeep(item) : item))
  }
  const made = { ...value }
  for (const key of Object.keys(value)) {
    if (typeof value[key] === 'object' && value[key] !== null) made[key] = copyDeep(value[key])
  }
  return made
}

module.exports = { Copies, PLAIN }
