'use strict'

// Asks Prisma's own client on PostgreSQL and ours the same, at random, until a time is over. Where they
// differ, the calls are made as few and as small as they can be, and told as cases of `../oracle/`
// (`found.jsonl` there has those that were found before).
//
//   npm ci && node run.cjs [--seconds 60] [--seed N]

const fs = require('node:fs')
const fc = require('fast-check')
const { call, names } = require('./calls.cjs')
const { Sides, WRITES } = require('./sides.cjs')
const { smaller } = require('./shrink.cjs')

const option = (name, fallback) => {
  const at = process.argv.indexOf(`--${name}`)
  return at < 0 ? fallback : Number(process.argv[at + 1])
}

/** Calls that are made one after another; the seed decides. Half of all sequences only read. */
function sequence(seed) {
  const reads = fc.array(
    call(names, (method) => !WRITES.has(method)),
    { minLength: 1, maxLength: 6 },
  )
  const any = fc.array(
    call(names, () => true),
    { minLength: 1, maxLength: 4 },
  )
  return fc.sample(fc.oneof(reads, any), { seed, numRuns: 1 })[0]
}

async function main() {
  process.env.TZ = 'UTC'
  const seconds = option('seconds', 60)
  const first = option('seed', Date.now() % 2 ** 31)
  const sides = await Sides.open()
  const end = Date.now() + seconds * 1000
  const found = new Map()
  let runs = 0
  for (; Date.now() < end; runs++) {
    const calls = sequence(first + runs)
    const differs = await sides.difference(calls)
    if (differs === undefined || found.has(differs.kind)) continue
    const least = await smaller(calls, async (fewer) => (await sides.difference(fewer))?.kind === differs.kind)
    found.set(differs.kind, least)
    const name = `found-${first + runs}`
    console.log(`seed ${first + runs}: ${differs.kind}`)
    console.log((await sides.cases(name, least)).map((recorded) => JSON.stringify(recorded)).join('\n'))
  }
  await sides.close()
  console.log(`${runs} sequences of calls from seed ${first} on, ${found.size} kinds of differences`)
  process.exitCode = found.size > 0 ? 1 : 0
}

main().catch((error) => {
  fs.writeSync(2, `${error.stack}\n`)
  process.exit(2)
})
