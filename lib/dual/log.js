'use strict'

const native = require('../load.js')
const { unpack } = require('../pack.js')

/** The log of what both sides are asked; see `src/dual/`. It never throws where the app waits for it. */
class Log {
  #native

  constructor(dataDir) {
    this.#native = new native.NativeDual(dataDir)
  }

  /** The moment at which a read begins. */
  moment() {
    return JSON.parse(this.#native.moment())
  }

  /** A write begins; gives its number, 0 where it could not be logged. */
  async begin(requests, sql) {
    const question = { ask: 'begin', requests, sql }
    return this.#native.begin(JSON.stringify(question)) ?? this.#ask(question)
  }

  more(op, requests, sql) {
    return this.#ask({ ask: 'more', op, requests, sql }).catch(() => {})
  }

  answered(op) {
    this.#native.answered(op)
  }

  end(op, { how, code, judged = [] }) {
    return this.#ask({ ask: 'end', op, how, code, judged })
  }

  read(since, judged) {
    return this.#ask({ ask: 'read', since, judged })
  }

  unclear(why) {
    return this.#ask({ ask: 'unclear', why })
  }

  claim() {
    return this.#ask({ ask: 'claim' })
  }

  copied(op, failed) {
    return this.#ask({ ask: 'copied', op, failed })
  }

  /** The query that gives rows of the primary: `{ sql, values }`. */
  select(which) {
    return this.#ask({ ask: 'select', ...which })
  }

  rows(model, texts) {
    return this.#ask({ ask: 'rows', model, texts })
  }

  tend() {
    return this.#ask({ ask: 'tend' })
  }

  async #ask(question) {
    return unpack(await this.#native.ask(JSON.stringify(question)))
  }
}

module.exports = { Log }
