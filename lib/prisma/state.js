'use strict'

/** The key of what a client knows: its connection, options, extensions, and the transaction it is in. */
const STATE = Symbol.for('quilltap.prisma.state')

module.exports = { STATE }
