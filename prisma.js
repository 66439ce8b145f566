'use strict'

module.exports = require('./lib/prisma/index.js')
