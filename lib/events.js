'use strict'

const { invalid } = require('./error.js')

/** `on` and `off` of a store. Listening keeps no process alive. */
function events(connection) {
  const listeners = new Set()

  /** One listener that throws keeps nothing from the others: it is an uncaught exception. */
  const tell = (listener, event) => {
    try {
      listener(event)
    } catch (error) {
      process.nextTick(() => {
        throw error
      })
    }
  }
  // Each gets an event of its own, and may change it.
  const deliver = (texts) => {
    for (const text of texts) {
      for (const listener of [...listeners]) tell(listener, JSON.parse(text))
    }
  }
  const off = (event, listener) => {
    check(event, listener)
    if (listeners.delete(listener) && listeners.size === 0) connection.unsubscribe()
  }
  const on = (event, listener) => {
    check(event, listener)
    listeners.add(listener)
    if (listeners.size === 1) connection.subscribe(deliver)
    return () => off(event, listener)
  }
  return { on, off }
}

function check(event, listener) {
  const issues = []
  if (event !== 'change') issues.push({ path: 'event', expected: "'change'", received: String(event) })
  if (typeof listener !== 'function') issues.push({ path: 'fn', expected: 'a function', received: typeof listener })
  if (issues.length > 0) throw invalid('Arguments', issues)
}

module.exports = { events }
