// One group on one store in this process: `node trial.mjs '{"peer","kind","group","dir","slow"}'`.

import { GROUPS } from './works.mjs'

const { peer, kind, group, dir, slow } = JSON.parse(process.argv[2])
const { open } = await import(`./peers/${peer}.mjs`)
const found = await GROUPS[group].run({ open: (how) => open(dir, kind, how), slow })
process.stdout.write(`\n${JSON.stringify(found)}\n`)
