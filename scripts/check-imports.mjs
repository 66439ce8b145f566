// What a native part asks of the system that loads it: its processor, no newer C library, and no libraries but the
// system's own.
//
//   node scripts/check-imports.mjs FILE.node …
//
// The target is read off the file's name (`quilltap-store.linux-x64-gnu.node`). Needs llvm-readobj (Debian: llvm).

import { execFileSync } from 'node:child_process'
import path from 'node:path'

/** The oldest systems that a part must load on; the README names them. */
const GLIBC = '2.31' // Debian 11
const MACOS = { x64: '10.15', arm64: '11.0' } // what Node 20 itself asks for

/** What every system of the kind has, as a whole name. */
const LIBRARIES = {
  gnu: /^(lib(c|m|dl|rt|pthread)\.so\.\d|libgcc_s\.so\.1|ld-linux-[\w-]+\.so\.\d)$/,
  // Node for musl is itself linked to libgcc_s.
  musl: /^(libc\.so|libc\.musl-\w+\.so\.1|ld-musl-\w+\.so\.1|libgcc_s\.so\.1)$/,
  darwin: /^(\/usr\/lib\/lib(System\.B|iconv\.2|charset\.1|objc\.A)\.dylib|\/System\/Library\/Frameworks\/.+)$/,
  // Microsoft's C++ runtime is not among them: a new machine has none, so it is linked in.
  win32:
    /^(kernel32|ntdll|advapi32|bcrypt|bcryptprimitives|crypt32|ncrypt|secur32|user32|userenv|ws2_32|msvcrt|ole32|shell32|api-ms-win-[\w-]+)\.dll$/i,
}

/** What llvm-readobj says of a file for a system and processor. */
const FORMATS = {
  'linux-x64': 'elf64-x86-64',
  'linux-arm64': 'elf64-littleaarch64',
  'darwin-x64': 'Mach-O 64-bit x86-64',
  'darwin-arm64': 'Mach-O arm64',
  'win32-x64': 'COFF-x86-64',
  'win32-arm64': 'COFF-ARM64',
}

/** A macOS library names itself first, by the path where it was linked. */
const OWN = '/libquilltap_store.dylib'

const readobj = (file, ...argv) =>
  execFileSync('llvm-readobj', [...argv, file], { encoding: 'utf8', maxBuffer: 1 << 28 })

/** Is one version newer than another? */
function isNewer(one, other) {
  const [a, b] = [one, other].map((text) => text.split('.').map(Number))
  const at = a.findIndex((part, index) => part !== (b[index] ?? 0))
  return at >= 0 && a[at] > (b[at] ?? 0)
}

const newest = (versions) => versions.reduce((most, each) => (isNewer(each, most) ? each : most), '0')
const all = (text, pattern) => [...text.matchAll(pattern)].map(([, found]) => found)

/** The names of the libraries that a file is linked to. */
function librariesOf(file, system) {
  if (system === 'win32')
    return all(readobj(file, '--coff-imports'), /^ {2}Name: (\S+)$/gm).filter((name) => name !== 'node.exe')
  const [, inside] = /NeededLibraries \[\n([^\]]*)\]/.exec(readobj(file, '--needed-libs')) ?? []
  return (inside ?? '')
    .split('\n')
    .map((line) => line.trim().replace(/ \(.*\)$/, ''))
    .filter((name) => name !== '' && !name.endsWith(OWN))
}

/** What is wrong with a file; nothing where it loads on every system that is promised. */
function faultsOf(file) {
  const match = /\.(linux|darwin|win32)-(x64|arm64)(?:-(gnu|musl|msvc))?\.node$/.exec(path.basename(file))
  if (!match) return ['its name has no target']
  const [, system, processor, abi] = match
  const [, format] = /^Format: (.*)$/m.exec(readobj(file, '--file-headers')) ?? []
  if (format !== FORMATS[`${system}-${processor}`]) return [`it is of the format ${format}`]
  const usual = LIBRARIES[abi === 'gnu' || abi === 'musl' ? abi : system]
  const libraries = librariesOf(file, system)
  const faults = libraries.filter((name) => !usual.test(name)).map((name) => `it needs ${name}`)
  const told = [libraries.join(', ')]
  if (abi === 'gnu') {
    const glibc = newest(all(readobj(file, '--version-info'), /GLIBC_([\d.]+)/g))
    told.push(`glibc ${glibc}`)
    if (isNewer(glibc, GLIBC)) faults.push(`it needs glibc ${glibc}, newer than ${GLIBC}`)
  }
  if (system === 'darwin') {
    const [macos = 'none'] = all(readobj(file, '--macho-version-min'), /Version: ([\d.]+)/g)
    told.push(`macOS ${macos}`)
    if (macos === 'none' || isNewer(macos, MACOS[processor]))
      faults.push(`it needs macOS ${macos}, newer than ${MACOS[processor]}`)
  }
  console.log(`${path.basename(file)}: ${told.join('; ')}`)
  return faults
}

const files = process.argv.slice(2)
const faults = files.flatMap((file) => faultsOf(file).map((fault) => `${file}: ${fault}`))
if (files.length === 0) faults.push('no file was named')
for (const fault of faults) console.error(fault)
process.exitCode = faults.length > 0 ? 1 : 0
