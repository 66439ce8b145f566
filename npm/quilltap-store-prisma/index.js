'use strict'

module.exports = require('quilltap-store/prisma')
