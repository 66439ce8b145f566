'use strict'

const { clientClass } = require('./client.js')
const { describe } = require('./description.js')
const { namespace } = require('./namespace.js')
const description = require('../../generated/prisma.js')

const schema = describe(description)
const enums = Object.fromEntries(
  Object.entries(schema.enums).map(([name, values]) => [
    name,
    Object.fromEntries(values.map((value) => [value, value])),
  ]),
)

module.exports = { PrismaClient: clientClass(schema), Prisma: namespace(schema), $Enums: enums, ...enums }
