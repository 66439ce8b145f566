'use strict'

const { describe } = require('./description.js')
const { withLater } = require('./later.js')
const { namespace } = require('./namespace.js')
const { enumerations } = require('./enumerations.js')
const description = require('../../generated/prisma.js')

const sentence =
  'PrismaClient runs in Node.js only, not in the edge runtime or a browser: use it in server code (a route handler, a server component, proxy.ts)'

/** Takes the client's place where it cannot run; the enumerations and `Prisma` are as they are elsewhere. */
class PrismaClient {
  constructor() {
    throw new Error(sentence)
  }
}

const schema = describe(description)

module.exports = { PrismaClient, Prisma: withLater(namespace(schema)), ...enumerations(schema) }
