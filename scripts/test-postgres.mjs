// `npm run test:postgres [-- part of a file's name …]`: the suites that hold of every store, on stores in a PostgreSQL
// server: the one at QUILLTAP_TEST_DATABASE, else one (Debian's package) that lives as long as this process. With the part
// `core` those of Rust too; with `browser`, or without any part, the example in Debian's chromium. What of them does not
// apply, `__test__/postgres/suites.cjs` says. Needs `npm run build` before.

import { createRequire } from 'node:module'
import { root, run } from './run.mjs'

const require = createRequire(import.meta.url)
const { startServer } = require('../__test__/postgres/server.cjs')
const { startObjects } = require('../__test__/postgres/objects.cjs')
const { CORE, OWN, SUITES, WITH_OBJECTS } = require('../__test__/postgres/suites.cjs')

const wanted = process.argv.slice(2)
const isWanted = (file) => wanted.length === 0 || wanted.some((part) => file.includes(part))

process.env.QUILLTAP_TEST_DATABASE ??= (await startServer()).address()
if (wanted.includes('core')) testCore()
const EXAMPLE = 'browser/nextjs.test.mjs'
if (isWanted(EXAMPLE)) {
  run(root, 'npm', '--prefix', 'examples/nextjs', 'ci')
  test([EXAMPLE])
}
test(OWN.filter(isWanted))
const preload = `--require ${JSON.stringify(require.resolve('../__test__/postgres/instead.cjs'))}`
process.env.NODE_OPTIONS = [process.env.NODE_OPTIONS, preload].filter(Boolean).join(' ')
test(Object.keys(SUITES).filter(isWanted))
const withObjects = WITH_OBJECTS.filter(isWanted)
if (withObjects.length > 0) {
  const objects = await startObjects('images')
  Object.assign(process.env, objects.environment, { QUILLTAP_PAYLOADS: 's3://images/again' })
  test(withObjects)
}

function test(files) {
  const node = ['--test', '--test-timeout=600000', '--test-reporter=spec']
  if (files.length > 0) run(root, process.execPath, ...node, ...files.map((file) => `__test__/${file}`))
}

function testCore() {
  const left = Object.entries(CORE).flatMap(([group, tests]) => Object.keys(tests).map((test) => `${group}::${test}`))
  const groups = Object.keys(CORE).map((group) => `${group}::`)
  const cargo = ['test', '--locked', '--features', 'database', '--test']
  run(root, 'cargo', ...cargo, 'database')
  run(root, 'cargo', ...cargo, 'store', '--', ...groups, ...left.flatMap((test) => ['--skip', test]))
}
