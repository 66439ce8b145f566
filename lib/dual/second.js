'use strict'

const { answerOf, codeOf, valueOf } = require('./answers.js')
const { Copying } = require('./copying.js')

/** How long a transaction that is repeated may take, in milliseconds. */
const TRANSACTION = { maxWait: 60_000, timeout: 60_000 }
/** So often the log is tended, in milliseconds. */
const TENDED = 1000
/** After a failure rows are copied again after this time, and then ever later, in milliseconds. */
const SOONEST = 500
const LATEST = 30_000

/**
 * The store's side, off the way of the app: what it is asked stands in a queue and is done one after the other,
 * in the order in which the primary answered. Nothing that goes wrong here reaches the app.
 */
class Second {
  #log
  #here
  #copying
  #most
  #budget
  #waiting = []
  #busy = Promise.resolve()
  #running = false
  #timer
  /** Milliseconds that shadow reads may still take, and since when. */
  #left
  #refilled = Date.now()
  #pause = SOONEST
  #copyAt = 0
  #closed = false

  constructor({ log, here, primary, store, queue, budget }) {
    this.#log = log
    this.#here = here
    this.#copying = new Copying(log, primary, store, here)
    this.#most = queue
    this.#budget = this.#left = budget
    this.#timer = setInterval(() => this.#push(() => this.#tend()), TENDED)
    this.#timer.unref()
    // The log is read before the first write needs it.
    this.#push(() => this.#tend())
  }

  /** Repeats calls as one change; `done` are what the primary answered, each `{ call, request, answer }`. */
  repeat(op, done) {
    if (this.#waiting.length >= this.#most) return this.end(op, 'overflowed')
    this.#push(async () => {
      const answers = await this.#repeated(done).catch((error) => codeOf(error))
      if (typeof answers === 'string') return this.#log.end(op, { how: 'failed', code: answers })
      const judged = done.map(({ request, answer }, at) => ({ request, primary: answer, store: answers[at] }))
      await this.#log.end(op, { judged })
    })
  }

  async #repeated(done) {
    if (done.length === 1) return [valueOf(await done[0].call.on(this.#here))]
    return this.#here.$transaction(async (tx) => {
      const answers = []
      for (const { call } of done) answers.push(valueOf(await call.on(tx)))
      return answers
    }, TRANSACTION)
  }

  /** Notes how a write ended that the store is not asked for. */
  end(op, how) {
    this.#push(() => this.#log.end(op, { how }))
  }

  /** Why the store is not asked what the primary was asked; undefined where it is. */
  get unasked() {
    const now = Date.now()
    this.#left = Math.min(this.#budget, this.#left + ((now - this.#refilled) * this.#budget) / 1000)
    this.#refilled = now
    if (this.#left <= 0) return 'budget'
    return this.#waiting.length < this.#most / 2 ? undefined : 'queue'
  }

  /** Asks the store the same, and compares. */
  read(since, call, primary) {
    this.#push(async () => {
      const began = performance.now()
      const store = await answerOf(() => call.on(this.#here))
      this.#left -= performance.now() - began
      await this.#log.read(since, { request: call.request, primary, store })
    })
  }

  unclear(why) {
    this.#log.unclear(why).catch(() => {})
  }

  #push(work) {
    if (this.#closed) return
    this.#waiting.push(work)
    if (!this.#running) this.#busy = this.#run()
  }

  async #run() {
    this.#running = true
    for (let work; (work = this.#waiting.shift()) !== undefined;) {
      // The log itself could not be written: it says so as soon as it can be.
      await work().catch(() => {})
    }
    this.#running = false
  }

  async #tend() {
    await this.#log.tend()
    await this.#copy()
  }

  /** Copies rows that are marked, while nothing else is to be done. */
  async #copy() {
    while (this.#waiting.length === 0 && Date.now() >= this.#copyAt) {
      const done = await this.#copying.next()
      if (done === undefined) return
      this.#pause = done ? SOONEST : Math.min(LATEST, this.#pause * 2)
      if (!done) this.#copyAt = Date.now() + this.#pause
    }
  }

  /** Resolves when everything so far is done. */
  async settled() {
    this.#push(() => this.#tend())
    await this.#busy
  }

  async close() {
    clearInterval(this.#timer)
    await this.settled()
    this.#closed = true
  }
}

module.exports = { Second }
