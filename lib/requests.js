'use strict'

const { refuseInside } = require('./transaction.js')

/** Key of what Prisma's client needs of a store, which is no part of its public face. */
const PRISMA = Symbol.for('quilltap.prisma.requests')

/** Prisma's requests on a store: texts in and out, by the name of their call. */
function requests(calls, connection, dataDir) {
  const numbers = {}
  calls.forEach(({ repository, name }, number) => {
    if (repository === 'prisma') numbers[name] = number
  })
  return {
    dataDir,
    /** Throws where a change would wait for the transaction that it is made in. */
    mayWrite: () => refuseInside(dataDir),
    /** The answer's text if memory has it, else null. */
    read: (name, text, known) => connection.read(numbers[name], text, known),
    readLater: (name, text) => connection.later('readLater', numbers[name], text),
    write: (name, text) => connection.later('write', numbers[name], text),
    inside: (transaction, name, text) => connection.later('inside', transaction, numbers[name], text),
    begin: (timeout) => connection.run('begin', timeout),
    finish: (transaction, commit) => connection.run('finish', transaction, commit),
  }
}

module.exports = { PRISMA, requests }
