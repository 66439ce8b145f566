// Builds the native part for another platform, on Debian, from a clean machine; warnings are errors.
//
//   node scripts/platform.mjs linux-x64-gnu | linux-arm64-gnu | linux-x64-musl | linux-arm64-musl
//                             darwin-x64 | darwin-arm64 | win32-x64-msvc | win32-arm64-msvc  [--debug]
//
// `.github/workflows/publish.yml` builds the parts for Linux with it, the others on their own systems: for looking at a
// platform without its machine, here the GNU ABI stands in for Microsoft's. The part lies in target/platforms/ and has
// been through scripts/check-imports.mjs.

import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { installPackages, root, run } from './run.mjs'

const tools = path.join(root, 'target/cross')
const made = path.join(root, 'target/platforms')

const PLATFORMS = {
  'linux-x64-gnu': { target: 'x86_64-unknown-linux-gnu', glibc: '2.17' },
  'linux-arm64-gnu': { target: 'aarch64-unknown-linux-gnu', glibc: '2.17' },
  'linux-x64-musl': { target: 'x86_64-unknown-linux-musl' },
  'linux-arm64-musl': { target: 'aarch64-unknown-linux-musl' },
  'darwin-x64': { target: 'x86_64-apple-darwin', macos: '10.15' },
  'darwin-arm64': { target: 'aarch64-apple-darwin', macos: '11.0' },
  'win32-x64-msvc': { target: 'x86_64-pc-windows-gnu', packages: ['gcc-mingw-w64-x86-64', 'g++-mingw-w64-x86-64'] },
  'win32-arm64-msvc': { target: 'aarch64-pc-windows-gnullvm' },
}

/** Debian's packages, and from PyPI zig, which brings a linker and a C library for every platform. */
function installTools(packages) {
  installPackages(packages)
  const argv = ['install', '--quiet', '--target', tools, 'ziglang==0.17.1', 'cargo-zigbuild==0.24.1']
  if (!existsSync(path.join(tools, 'bin/cargo-zigbuild'))) run(root, 'pip', ...argv)
}

/**
 * The compiler: rustup's where the target's standard library is installed (`rustup target add`), else Debian's, which has the library's
 * sources beside it and builds them along.
 */
function compilerFor(target) {
  const { stdout } = spawnSync('rustup', ['target', 'list', '--installed'], { encoding: 'utf8' })
  if (stdout?.split('\n').includes(target)) return { env: {}, flags: [] }
  installTools(['rustc-web', 'rust-web-src', 'cargo-web'])
  const env = { RUSTC: '/usr/bin/rustc', RUSTC_BOOTSTRAP: '1', CARGO: '/usr/bin/cargo' }
  return { env, flags: ['-Z', 'build-std=std,panic_unwind'] }
}

/** What of macOS the crates link to and neither zig nor cargo-zigbuild has. */
const FRAMEWORKS = ['CoreFoundation', 'CoreServices', 'Security', 'SystemConfiguration']

/** A stand-in for Apple's SDK: places alone, for names are looked up when the addon is loaded. */
function sdkOfStubs() {
  const sdk = path.join(made, 'sdk')
  for (const name of FRAMEWORKS) {
    const place = `System/Library/Frameworks/${name}.framework`
    mkdirSync(path.join(sdk, place), { recursive: true })
    const text = `--- !tapi-tbd
tbd-version: 4
targets: [ x86_64-macos, arm64-macos ]
install-name: /${place}/Versions/A/${name}
...
`
    writeFileSync(path.join(sdk, place, `${name}.tbd`), text)
  }
  return sdk
}

/** On Windows the addon asks whoever loaded it for Node's functions; its build wants a library of that name. */
function importLibrary(target) {
  writeFileSync(path.join(made, 'node.def'), 'LIBRARY node.exe\nEXPORTS\n')
  const machine = target.startsWith('aarch64') ? 'arm64' : 'i386:x86-64'
  const argv = ['-m', 'ziglang', 'dlltool', '-m', machine, '-d', 'node.def', '-l', 'libnode.dll']
  const env = { ...process.env, PYTHONPATH: tools }
  spawnSync('python3', argv, { cwd: made, env, stdio: 'inherit' })
  // The name by which zig looks for it.
  copyFileSync(path.join(made, 'libnode.dll'), path.join(made, 'libnode.a'))
  return made
}

/** What of a target is not like the others. */
function specialOf({ target, macos }) {
  if (target.endsWith('musl')) return { rustflags: ['-C', 'target-feature=-crt-static'], env: {} }
  if (target.includes('windows')) return { rustflags: [], env: { LIBNODE_PATH: importLibrary(target) } }
  if (!macos) return { rustflags: [], env: {} }
  return { rustflags: [], env: { SDKROOT: sdkOfStubs(), MACOSX_DEPLOYMENT_TARGET: macos } }
}

function build(name, isDebug) {
  const platform = PLATFORMS[name]
  const { target, glibc, packages = [] } = platform
  mkdirSync(made, { recursive: true })
  installTools(['llvm', 'python3-pip', ...packages])
  const { env, flags } = compilerFor(target)
  const special = specialOf(platform)
  const targetDir = process.env.CARGO_TARGET_DIR ?? path.join(root, 'target')
  // mingw-w64 is what Rust's GNU target is made for; zig links all others.
  const [cargo, ...verb] = packages.length > 0 ? [env.CARGO ?? 'cargo', 'rustc'] : ['cargo-zigbuild', 'rustc']
  Object.assign(process.env, env, special.env, { PYTHONPATH: tools, CARGO_TARGET_DIR: targetDir })
  process.env.PATH = `${path.join(tools, 'bin')}${path.delimiter}${process.env.PATH}`
  process.env[`CARGO_TARGET_${target.toUpperCase().replaceAll('-', '_')}_RUSTFLAGS`] = special.rustflags.join(' ')
  const profile = isDebug ? [] : ['--release']
  const wanted = ['--locked', '--lib', '--features', 'node', '--target', glibc ? `${target}.${glibc}` : target]
  run(root, cargo, ...verb, ...wanted, ...profile, ...flags, '--crate-type', 'cdylib', '--', '-D', 'warnings')
  const [before, after] = target.includes('windows') ? ['', '.dll'] : ['lib', macosOr(platform)]
  const built = path.join(targetDir, target, isDebug ? 'debug' : 'release', `${before}quilltap_store${after}`)
  const part = path.join(made, `quilltap-store.${name}.node`)
  copyFileSync(built, part)
  run(root, 'node', 'scripts/check-imports.mjs', part)
}

const macosOr = ({ macos }) => (macos ? '.dylib' : '.so')

const [name, flag] = process.argv.slice(2)
if (!PLATFORMS[name]) {
  console.error(`usage: node scripts/platform.mjs ${Object.keys(PLATFORMS).join('|')} [--debug]`)
  process.exit(2)
}
build(name, flag === '--debug')
