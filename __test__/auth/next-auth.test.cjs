// The adapter under next-auth 4 itself.
'use strict'

const { flows } = require('./flows.cjs')
const { nextAuth4 } = require('./site.cjs')

flows(nextAuth4)
