// `npm test`: does all its own set-up on a machine with Rust and Node, then runs the tests.

import { readdirSync } from 'node:fs'
import { root, run } from './run.mjs'

/** The test files of a folder; Node 20 takes no patterns. */
const tests = (folder) =>
  readdirSync(new URL(`../__test__/${folder}/`, import.meta.url))
    .filter((name) => /\.test\.[cm]js$/.test(name))
    .map((name) => `__test__/${folder}/${name}`)

run(root, 'npm', 'ci')
run(root, 'npm', '--prefix', '__test__/prisma/adapter', 'ci')
run(root, 'npm', '--prefix', '__test__/better-auth', 'ci')
run(root, 'npm', 'run', 'build')
run(root, 'cargo', 'test', '--locked')
// A file that hangs is told by its name; the longest takes about a minute.
const limit = '--test-timeout=600000'
run(
  root,
  'node',
  '--test',
  limit,
  '--test-reporter=spec',
  ...tests('auth'),
  ...tests('processes'),
  ...tests('package'),
  ...tests('cli'),
  ...tests('transfer'),
  ...tests('prisma'),
  ...tests('better-auth'),
  ...tests('attacks'),
  ...tests('studio'),
  ...tests('docs'),
)
