'use strict'

const { answerTo, isRefusal } = require('./answers.js')

/** What is done in one transaction of the primary's, until it is committed or rolled back: one operation. */
class Transaction {
  #log
  #second
  /** The operation, as a promise, from the first write on; and its number, as soon as there is one. */
  #begun
  #op
  #done = []
  #hasSql = false
  /** Has the app's function come to its end, so that only the commit can have failed? */
  #isOver = true

  constructor(log, second) {
    this.#log = log
    this.#second = second
  }

  /** Runs the app's function. */
  async run(work) {
    this.#isOver = false
    const result = await work()
    this.#isOver = true
    return result
  }

  async write(call, request, ask) {
    const place = this.#done.push(undefined) - 1
    await this.#begin([request])
    const value = await ask()
    this.#done[place] = { call, request, answer: answerTo(call, value) }
    return value
  }

  async sql(sql, ask) {
    this.#hasSql = true
    await this.#begin([], sql)
    return ask()
  }

  async #begin(requests, sql) {
    if (this.#begun === undefined) {
      this.#begun = this.#log.begin(requests, sql).catch(() => 0)
      this.#op = await this.#begun
    } else {
      await this.#log.more(await this.#begun, requests, sql)
    }
  }

  committed() {
    const done = this.#done.filter((one) => one !== undefined)
    if (this.#hasSql) this.#end('unrepeated')
    else if (done.length === 0) this.#end('refused')
    else this.#ended((op) => this.#second.repeat(op, done))
  }

  failed(error) {
    const isRolledBack = !this.#isOver || isRefusal(error)
    this.#end(isRolledBack ? 'refused' : 'unknown')
  }

  #end(how) {
    this.#ended((op) => this.#second.end(op, how))
  }

  /** At once, so before anything that the app does next. */
  #ended(end) {
    if (this.#op === undefined) return
    this.#log.answered(this.#op)
    end(this.#op)
  }
}

module.exports = { Transaction }
