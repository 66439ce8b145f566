'use strict'

const { validationError } = require('./errors.js')

const LEVELS = ['query', 'info', 'warn', 'error']
const TARGET = 'quilltap-store'
const BEFORE_EXIT = '"beforeExit" hook is not applicable here: listen to `process.on("beforeExit", …)` instead'

/** Where events of each level go: to listeners of `$on`, to standard output, or nowhere. */
class Logger {
  #emit = {}
  #listeners = { query: [], info: [], warn: [], error: [] }

  constructor(log = []) {
    for (const entry of log) {
      const { level, emit } = typeof entry === 'string' ? { level: entry, emit: 'stdout' } : (entry ?? {})
      if (!LEVELS.includes(level)) throw refused(`log level ${JSON.stringify(level)}`, LEVELS)
      if (emit !== 'stdout' && emit !== 'event')
        throw refused(`"emit" ${JSON.stringify(emit)} of a log`, ['stdout', 'event'])
      this.#emit[level] = emit
    }
    /** Nobody else has to tell the time of each query. */
    this.wantsQueries = this.#emit.query !== undefined
  }

  on(level, listener) {
    if (level === 'beforeExit') throw new Error(BEFORE_EXIT)
    this.#listeners[level]?.push(listener)
  }

  tell(level, event) {
    const emit = this.#emit[level]
    if (emit === undefined) return
    const told = { timestamp: new Date(), ...event, target: TARGET }
    if (emit === 'event') this.#listeners[level].forEach((listener) => listener(told))
    else print(level, told)
  }
}

function print(level, { query, params, duration, message }) {
  const text = query === undefined ? message : `${query}(${params}) ${duration}ms`
  const method = { query: 'log', info: 'info', warn: 'warn', error: 'error' }[level]
  console[method](`prisma:${level} ${text}`)
}

function refused(what, known) {
  return validationError(`Invalid ${what} provided to PrismaClient constructor; expected ${known.join(', ')}`)
}

module.exports = { Logger }
