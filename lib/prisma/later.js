'use strict'

/** The class of decimal.js, where the app has that: no column here is such a number. */
function decimal() {
  try {
    return require('decimal.js').Decimal
  } catch (cause) {
    const message =
      'Prisma.Decimal is the class of the package decimal.js, which is not installed: npm install decimal.js'
    throw new Error(message, { cause })
  }
}

/**
 * Adds to a namespace what is made when it is first asked for, by names and functions; as with Prisma's own, what
 * goes over all its keys does not meet it.
 */
function withLater(namespace, later) {
  for (const [name, make] of Object.entries({ Decimal: decimal, ...later })) {
    let made
    Object.defineProperty(namespace, name, { get: () => (made ??= make()) })
  }
  return namespace
}

module.exports = { withLater }
