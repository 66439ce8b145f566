// What is about to be published: files, sizes, systems, no scripts, the licence, one version.
//
//   node scripts/check-packages.mjs [--tag v1.2.3] [--binaries]
//
// With `--binaries` everything is built: each platform's package must have its native part, which is looked into
// (check-imports.mjs), and the studio its page.

import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { root } from './run.mjs'

const { tag, binaries } = parseArgs({ options: { tag: { type: 'string' }, binaries: { type: 'boolean' } } }).values

/** The most that a package may take when it is unpacked, in MB; what grows beyond needs a reason. */
const LARGEST = { root: 2, platform: 12, prisma: 0.1 }
/** What npm runs by itself, at those who install or who publish. */
const LIFECYCLE = ['preinstall', 'install', 'postinstall', 'prepare', 'prepublish', 'preprepare', 'postprepare']

const manifestOf = (folder) => JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'))
const whole = manifestOf(root)
const faults = []
const expect = (isSo, fault) => void (isSo || faults.push(fault))

/** What npm would put into a package. */
function packed(folder) {
  const argv = ['pack', '--dry-run', '--json', '--ignore-scripts']
  return JSON.parse(
    execFileSync('npm', argv, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
  )[0]
}

function check(folder, largest, isWanted) {
  const manifest = manifestOf(folder)
  const { name } = manifest
  copyLicence(folder)
  const { files, unpackedSize } = packed(folder)
  const paths = files.map((file) => file.path)
  expect(manifest.license === 'MIT' && paths.includes('LICENSE'), `${name} has no licence`)
  const scripts = LIFECYCLE.filter((script) => manifest.scripts?.[script])
  expect(scripts.length === 0, `${name} has scripts that npm runs by itself: ${scripts}`)
  expect(unpackedSize <= largest * 1e6, `${name} takes ${(unpackedSize / 1e6).toFixed(1)} MB, the limit is ${largest}`)
  for (const file of paths.filter((file) => !isWanted(file))) faults.push(`${name} has ${file}`)
  console.log(`${name} ${manifest.version}: ${paths.length} files, ${(unpackedSize / 1e6).toFixed(2)} MB`)
  return paths
}

/** One licence, which is beside every package that npm makes. */
function copyLicence(folder) {
  if (folder !== root) copyFileSync(path.join(root, 'LICENSE'), path.join(folder, 'LICENSE'))
}

const ALWAYS = ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md']
const isOfRoot = (file) =>
  ALWAYS.includes(file) ||
  /^(index|stub|prisma|prisma-browser|better-auth|better-auth-store|better-auth-stub)\.(js|cjs|mjs|d\.ts|d\.mts)$/.test(
    file,
  ) ||
  /^(bin|lib|schemas)\/.*\.(js|json|html|css)$/.test(file) ||
  /^generated\/([\w-]+\.js|studio\/.*)$/.test(file)

function checkPlatform(name) {
  const folder = path.join(root, 'npm', name)
  const part = `quilltap-store.${name}.node`
  const manifest = manifestOf(folder)
  const [system, processor, abi] = name.split('-')
  const libc = { gnu: ['glibc'], musl: ['musl'] }[abi]
  const places = [manifest.os, manifest.cpu, manifest.libc]
  const expected = [[system], [processor], libc]
  expect(JSON.stringify(places) === JSON.stringify(expected), `${manifest.name} is for ${JSON.stringify(places)}`)
  expect(manifest.version === whole.version, `${manifest.name} has the version ${manifest.version}`)
  const paths = check(folder, LARGEST.platform, (file) => ALWAYS.includes(file) || file === part)
  if (!binaries) return
  expect(paths.includes(part), `${manifest.name} has no ${part}`)
  if (!existsSync(path.join(folder, part))) return
  const { status } = spawnSync(process.execPath, ['scripts/check-imports.mjs', path.join(folder, part)], {
    cwd: root,
    stdio: 'inherit',
  })
  expect(status === 0, `${part} asks for more than its system has`)
}

expect(tag === undefined || tag === `v${whole.version}`, `the tag ${tag} does not fit the version ${whole.version}`)
const ofRoot = check(root, LARGEST.root, isOfRoot)
expect(!binaries || ofRoot.includes('generated/studio/studio.js'), 'the studio has no page: node scripts/studio.mjs')
const folders = readdirSync(path.join(root, 'npm'), { withFileTypes: true }).filter((entry) => entry.isDirectory())
const platforms = folders.map(({ name }) => name).filter((name) => name !== 'quilltap-store-prisma')
expect(
  platforms.length === whole.napi.targets.length,
  `${platforms.length} platforms for ${whole.napi.targets.length} targets`,
)
platforms.forEach(checkPlatform)
check(
  path.join(root, 'npm/quilltap-store-prisma'),
  LARGEST.prisma,
  (file) => ALWAYS.includes(file) || /^index\./.test(file),
)
const needed = manifestOf(path.join(root, 'npm/quilltap-store-prisma')).dependencies['quilltap-store']
expect(needed === whole.version, `quilltap-store-prisma needs ${needed}`)
for (const fault of faults) console.error(fault)
process.exitCode = faults.length > 0 ? 1 : 0
