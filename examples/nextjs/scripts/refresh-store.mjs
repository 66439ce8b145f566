// Renews node_modules/quilltap-store from the repository that this example lies in. `npm install`
// packs what a release would hold, and in a release the native file is a package of its own; here
// it lies beside index.js after `npm run build` in the root.

import { cp, mkdir, readFile, readdir, rm } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { spawnSync } from 'node:child_process'

const example = resolve(import.meta.dirname, '..')
const repository = resolve(example, '../..')
const copy = join(example, 'node_modules', 'quilltap-store')

const manifest = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8').catch(() => '{}'))
if (manifest.name !== 'quilltap-store') process.exit()

const natives = (await readdir(repository)).filter((name) => name.endsWith('.node'))
if (natives.length === 0) {
  console.error(`The store is not built yet: run \`npm install && npm run build\` in ${repository} first.`)
  process.exit(1)
}

const packed = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
  cwd: repository,
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'inherit'],
})
if (packed.status !== 0) process.exit(1)
const released = JSON.parse(packed.stdout)[0].files.map((file) => file.path)

await rm(copy, { recursive: true, force: true })
for (const file of new Set([...released, ...natives])) {
  const place = join(copy, file)
  await mkdir(resolve(place, '..'), { recursive: true })
  await cp(join(repository, file), place)
}
console.log(`${basename(copy)} ${manifest.version} with ${natives.join(', ')}`)
