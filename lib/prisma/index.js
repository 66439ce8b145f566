'use strict'

const { clientClass } = require('./client.js')
const { describe } = require('./description.js')
const { enumerations } = require('./enumerations.js')
const { namespace } = require('./namespace.js')
const description = require('../../generated/prisma.js')

const schema = describe(description)

module.exports = { PrismaClient: clientClass(schema), Prisma: namespace(schema), ...enumerations(schema) }
