'use strict'

const native = require('../load.js')
const { unpack } = require('../pack.js')

/** The class of decimal.js, where the app has that: no column here is such a number. */
function decimal() {
  try {
    return require('decimal.js').Decimal
  } catch (cause) {
    if (cause.code !== 'MODULE_NOT_FOUND') throw cause
    throw new Error(
      'Prisma.Decimal is the class of the package decimal.js, which is not installed: npm install decimal.js',
    )
  }
}

/** What of the `Prisma` namespace is made when it is first asked for. */
const LATER = {
  /** The schema as data. */
  dmmf: () => ({ datamodel: unpack(native.prismaDatamodel()) }),
  Decimal: decimal,
}

/** Adds it to a namespace; as with Prisma's own, what goes over all its keys does not meet it. */
function withLater(namespace) {
  for (const [name, make] of Object.entries(LATER)) {
    let made
    Object.defineProperty(namespace, name, { get: () => (made ??= make()) })
  }
  return namespace
}

module.exports = { withLater }
