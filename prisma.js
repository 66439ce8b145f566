'use strict'

module.exports = {
  ...require('./lib/prisma/index.js'),
  // Few need them, and they load more.
  createDualClient: (options) => require('./lib/dual/index.js').createDualClient(options),
  dualStatus: (options) => require('./lib/dual/index.js').dualStatus(options),
  dualRepair: (source, options) => require('./lib/transfers.js').dualRepair(source, options),
}
