// Renews node_modules/quilltap-store from the repository that this example lies in: npm copies
// the package once, when it is installed, and a later build in the root would not be seen.

import { spawnSync } from 'node:child_process'
import { cp, readFile, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'

const example = resolve(import.meta.dirname, '..')
const repository = resolve(example, '../..')
const copy = join(example, 'node_modules', 'quilltap-store')

const manifest = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8').catch(() => '{}'))
// Somebody copied the example out of the repository, and has the package from the registry.
if (manifest.name !== 'quilltap-store') process.exit()

const listing = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
  cwd: repository,
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'inherit'],
})
if (listing.status !== 0) process.exit(1)
const files = JSON.parse(listing.stdout)[0].files.map((file) => file.path)

if (!files.some((file) => file.endsWith('.node'))) {
  console.error(`The store is not built yet: run \`npm install && npm run build\` in ${repository} first.`)
  process.exit(1)
}
await rm(copy, { recursive: true, force: true })
for (const file of files) await cp(join(repository, file), join(copy, file), { recursive: true })
