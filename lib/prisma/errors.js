'use strict'

/** The version of Prisma's client that this one stands in for. */
const CLIENT_VERSION = '6.19.0'

/**
 * Error classes under Prisma's names. Two copies of this package in one process (two bundles, a test
 * runner's module reset) agree on what each class is, so `instanceof` holds across them.
 */
function errorClass(name, fields) {
  const brand = Symbol.for(`quilltap.prisma.${name}`)
  const made = {
    [name]: class extends Error {
      constructor(message, ...given) {
        super(message)
        this.name = name
        fields(this, ...given)
      }

      static [Symbol.hasInstance](value) {
        if (this !== made) return Function.prototype[Symbol.hasInstance].call(this, value)
        return typeof value === 'object' && value !== null && value[brand] === true
      }
    },
  }[name]
  Object.defineProperty(made.prototype, brand, { value: true })
  Object.defineProperty(made.prototype, Symbol.toStringTag, { value: name, configurable: true })
  return made
}

/** An own property that serializing an error leaves out, as the client does. */
function hide(error, name, value) {
  Object.defineProperty(error, name, { value, enumerable: false, writable: true, configurable: true })
}

/** The enumerable keys of a known error stand in this order in an HTTP answer. */
const PrismaClientKnownRequestError = errorClass('PrismaClientKnownRequestError', (error, given) => {
  delete error.name
  error.code = given.code
  error.meta = given.meta
  error.clientVersion = given.clientVersion
  error.name = 'PrismaClientKnownRequestError'
  hide(error, 'batchRequestIdx', given.batchRequestIdx)
})

const PrismaClientUnknownRequestError = errorClass('PrismaClientUnknownRequestError', (error, given) => {
  delete error.name
  error.clientVersion = given.clientVersion
  error.name = 'PrismaClientUnknownRequestError'
  hide(error, 'batchRequestIdx', given.batchRequestIdx)
  if (given.cause !== undefined) hide(error, 'cause', given.cause)
})

const PrismaClientValidationError = errorClass('PrismaClientValidationError', (error, { clientVersion }) => {
  error.clientVersion = clientVersion
})

const PrismaClientRustPanicError = errorClass('PrismaClientRustPanicError', (error, clientVersion) => {
  error.clientVersion = clientVersion
})

const PrismaClientInitializationError = errorClass(
  'PrismaClientInitializationError',
  (error, clientVersion, errorCode) => {
    error.clientVersion = clientVersion
    error.errorCode = errorCode
  },
)

const classes = {
  PrismaClientKnownRequestError,
  PrismaClientUnknownRequestError,
  PrismaClientRustPanicError,
  PrismaClientInitializationError,
  PrismaClientValidationError,
}

const validationError = (message) => new PrismaClientValidationError(message, { clientVersion: CLIENT_VERSION })

/** Levels of lists and objects that a request may have. */
const LEVELS = 100

/** Has a request more? Nobody reads such a one. */
function isTooDeep(request) {
  const isObject = (value) => typeof value === 'object' && value !== null
  let values = [request]
  // The list that it is sent in is the first level.
  for (let level = 1; values.length > 0; level++) {
    if (level > LEVELS) return true
    values = values.flatMap((value) => Object.values(value).filter(isObject))
  }
  return false
}

const tooDeep = () =>
  validationError(`The arguments are nested too deeply: a call may have at most ${LEVELS} levels of nesting.`)

/** A failure that Prisma has no code for. */
const unknownError = (message, cause) =>
  new PrismaClientUnknownRequestError(message, { clientVersion: CLIENT_VERSION, cause })

const knownError = (code, message, meta, batchRequestIdx) =>
  new PrismaClientKnownRequestError(message, { code, clientVersion: CLIENT_VERSION, meta, batchRequestIdx })

const initializationError = (message) => new PrismaClientInitializationError(message, CLIENT_VERSION)

module.exports = {
  CLIENT_VERSION,
  classes,
  isTooDeep,
  tooDeep,
  validationError,
  unknownError,
  knownError,
  initializationError,
}
