'use strict'

const native = require('../load.js')
const { unpack } = require('../pack.js')
const { clientClass } = require('./client.js')
const { describe } = require('./description.js')
const { enumerations } = require('./enumerations.js')
const { withLater } = require('./later.js')
const { namespace } = require('./namespace.js')
const description = require('../../generated/prisma.js')

const schema = describe(description)

/** The schema as data. */
const dmmf = () => ({ datamodel: unpack(native.prismaDatamodel()) })

module.exports = {
  PrismaClient: clientClass(schema),
  Prisma: withLater(namespace(schema), { dmmf }),
  ...enumerations(schema),
}
