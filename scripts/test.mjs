// `npm test`: does all its own set-up on a machine with Rust and Node, then runs the tests.

import { root, run } from './run.mjs'

run(root, 'npm', 'ci')
run(root, 'npm', 'run', 'build')
run(root, 'cargo', 'test', '--locked')
run(root, 'node', '--test', '--test-reporter=spec', '__test__/auth/', '__test__/package/', '__test__/processes/')
