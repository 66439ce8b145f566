'use strict'

const { setImmediate } = require('node:timers')

/** So long one goes on before timers and sockets have their turn, in milliseconds. */
const LONGEST_TURN = 2

/** Tells work that takes long when others want the thread. */
class Turn {
  #began = performance.now()

  get isOver() {
    return performance.now() - this.#began > LONGEST_TURN
  }

  async next() {
    await new Promise((resolve) => setImmediate(resolve))
    this.#began = performance.now()
  }
}

/** The data of a long answer, of which no object is as the caller gets it yet. */
class Long {
  constructor(data) {
    this.data = data
  }
}

/** Is this the text of an answer whose long lists stand behind it, in pieces? */
const isLong = (text) => text[0] === '*'

/** The answer of such a text, and its lists, for which numbers stand in the data. */
async function parseLong(text) {
  const turn = new Turn()
  const [first, ...texts] = text.slice(1).split('\n\n')
  const lists = []
  for (const list of texts) {
    const rows = []
    for (const piece of list.split('\n')) {
      if (turn.isOver) await turn.next()
      for (const row of JSON.parse(piece)) rows.push(row)
    }
    lists.push(rows)
  }
  return { answer: JSON.parse(first), lists }
}

/** Calls a function for each item, and lets others have their turn in between. */
async function forEach(items, turn, work) {
  for (const item of items) {
    if (turn.isOver) await turn.next()
    await work(item)
  }
}

module.exports = { Long, Turn, forEach, isLong, parseLong }
