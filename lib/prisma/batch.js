'use strict'

/**
 * The array form of `$transaction`: the requests of all its promises are gathered and sent as one
 * change. An extension may make a promise ask late, or not at all, so the last of them to ask or to
 * settle sends what there is.
 */
class Batch {
  #connection
  #requests = []
  #open
  #answers

  constructor(connection, size) {
    this.#connection = connection
    this.#open = size
    this.#answers = new Promise((resolve) => (this.send = () => resolve(this.#sendAll())))
  }

  /** What one place of the batch is told of: it asks, or it ends without having asked. */
  place(index) {
    let done = false
    const close = () => {
      if (done) return
      done = true
      if (--this.#open === 0) this.send()
    }
    const ask = async (asked) => {
      this.#requests.push({ index, asked })
      const at = this.#requests.length - 1
      close()
      const { order, data } = await this.#answers
      return data[order[at]]
    }
    return { kind: 'batch', ask, close }
  }

  /** In the order of the promises, whoever asked first. */
  async #sendAll() {
    const sorted = this.#requests
      .map((request, at) => ({ ...request, at }))
      .sort((a, b) => a.index - b.index || a.at - b.at)
    const order = []
    sorted.forEach(({ at }, place) => (order[at] = place))
    const data = sorted.length > 0 ? await this.#connection.askAll(sorted.map(({ asked }) => asked)) : []
    return { order, data }
  }
}

/** Runs promises as one batch and gives their answers, or the error of the first that failed. */
async function runBatch(connection, promises) {
  const batch = new Batch(connection, promises.length)
  const running = promises.map(async (promise, index) => {
    const place = batch.place(index)
    try {
      return await promise.requestTransaction(place)
    } finally {
      place.close()
    }
  })
  const settled = await Promise.allSettled(running)
  const failed = settled.find(({ status }) => status === 'rejected')
  if (failed !== undefined) throw failed.reason
  return settled.map(({ value }) => value)
}

module.exports = { runBatch }
