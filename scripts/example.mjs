// `npm run example`: does all its own set-up on a machine with Rust and Node, then starts the
// example app on a store with a scene in it.

import { example, root, run } from './run.mjs'

run(root, 'npm', 'ci')
run(root, 'npm', 'run', 'build')
run(example, 'npm', 'ci')
run(example, 'npm', 'run', 'build')
run(example, 'npm', 'run', 'seed')
run(example, 'npm', 'start')
