'use strict'

// What Prisma answers to calls, as cases of `../oracle/`: a line of standard input is one call,
// `{ model, method, args }` in the form of a case; all of them are one unit.
//
//   node record.cjs NAME < calls.jsonl

const fs = require('node:fs')
const { Prisma } = require('../../../prisma.js')
const { decode } = require('../oracle/values.cjs')
const { Sides } = require('./sides.cjs')

async function main() {
  process.env.TZ = 'UTC'
  const lines = fs.readFileSync(0, 'utf8').trim().split('\n')
  const calls = lines.map((line) => decode(JSON.parse(line), Prisma))
  const sides = await Sides.open()
  for (const recorded of await sides.cases(process.argv[2], calls)) console.log(JSON.stringify(recorded))
  await sides.close()
}

main()
