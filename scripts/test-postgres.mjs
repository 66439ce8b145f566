// `npm run test:postgres`: what holds of every store, on a store in a PostgreSQL server that lives as long as this
// process (Debian's package), and what holds of such stores alone. Needs `npm run build` before.

import { createRequire } from 'node:module'
import { root, run } from './run.mjs'

const { startServer } = createRequire(import.meta.url)('../__test__/prisma/differential/database.cjs')

/** Promises of the store that do not depend on files. */
const PROMISES = ['auth::', 'calls::', 'image_tags::', 'relations::', 'repositories::', 'secrets::', 'times::records', 'times::what']

process.env.QUILLTAP_TEST_DATABASE = await startServer()
const cargo = ['test', '--locked', '--features', 'database']
run(root, 'cargo', ...cargo, '--test', 'database')
run(root, 'cargo', ...cargo, '--test', 'store', '--', ...PROMISES)
run(root, 'node', '--test', '__test__/auth/contract.test.cjs', '__test__/prisma/oracle.test.cjs')
