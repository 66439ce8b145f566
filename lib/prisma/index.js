'use strict'

const { clientClass } = require('./client.js')
const { describe } = require('./description.js')
const { enumerations } = require('./enumerations.js')
const { withLater } = require('./later.js')
const { namespace } = require('./namespace.js')
const description = require('../../generated/prisma.js')

const schema = describe(description)

module.exports = { PrismaClient: clientClass(schema), Prisma: withLater(namespace(schema)), ...enumerations(schema) }
