'use strict'

/** A call as it is asked on the native side. */
class Asked {
  #text
  #plan

  constructor(operation, request) {
    this.operation = operation
    this.request = request
  }

  /** What the answer has to be made of: see `revive.js`. */
  get plan() {
    return (this.#plan ??= this.operation.plan(this.request))
  }

  /** The arguments of the call on the native side. */
  get text() {
    return (this.#text ??= JSON.stringify([this.request]))
  }

  /** What tells it from all other questions of its kind, which are all that have none. */
  get question() {
    return this.text
  }
}

/** Calls that are one atomic change, or see one moment, in this order. */
class AskedTogether {
  constructor(all) {
    this.all = all
    this.text = JSON.stringify([all.map(({ request }) => request)])
    this.question = this.text
  }
}

module.exports = { Asked, AskedTogether }
