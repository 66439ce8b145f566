'use strict'

const { existsSync, readdirSync } = require('node:fs')
const path = require('node:path')

const NAME = 'quilltap-store'

/** The native part, or an error that says what was tried, why it failed and what to do. */
function load() {
  try {
    return require('../generated/native.js')
  } catch (cause) {
    throw Object.assign(new Error(explain(cause), { cause }), { code: 'QUILLTAP_NATIVE_MISSING' })
  }
}

function explain(cause) {
  const wanted = `${NAME}-${tuple()}`
  const tried = chain(cause).map((error) => `  - ${error.message.split('\n')[0]}`)
  return [
    `quilltap-store cannot load its native part for ${place()}, Node ${process.versions.node}.`,
    ...reason(wanted, installed()),
    'What was tried:',
    ...new Set(tried),
  ].join('\n')
}

/** Which of the known causes it looks like, and what to do. */
function reason(wanted, packages) {
  const others = packages.filter((name) => name !== wanted)
  const otherLibc = others.find((name) => stem(name) === stem(wanted))
  const afresh = 'Remove node_modules and install on the system that it will run on'
  if (existsSync(path.join(__dirname, '../Cargo.toml'))) {
    return ['This is a checkout of the sources. Run: npm run build']
  }
  if (packages.includes(wanted)) {
    return [`${wanted} is installed but does not load: the reason is below. ${afresh}; if it stays, please report it.`]
  }
  if (!isBuilt()) {
    return [`There is no build for this system. Builds: ${builds().join(', ')}`]
  }
  if (otherLibc) {
    return [
      `${otherLibc} is installed, for another C library than this system's (Alpine has musl). ${afresh}, in the image itself.`,
    ]
  }
  if (others.length > 0) {
    return [`${others.join(', ')} is installed, for another system: node_modules was copied. ${afresh}.`]
  }
  return [
    `The package ${wanted} is not installed. Either optional packages were left out (--omit=optional, --no-optional):`,
    'install again without that; or the lock file was made on another system (npm/cli#4828): remove it and',
    'node_modules, and run: npm install',
  ]
}

function chain(error) {
  return error instanceof Error ? [error, ...chain(error.cause)] : []
}

/** The platform packages beside this one, for whichever system. */
function installed() {
  try {
    return readdirSync(path.join(__dirname, '../..')).filter((name) => name.startsWith(`${NAME}-`))
  } catch {
    return []
  }
}

/** linux-x64-gnu, darwin-arm64, win32-x64-msvc. */
function tuple() {
  const abi = { linux: libc() === 'musl' ? 'musl' : 'gnu', win32: 'msvc' }[process.platform]
  return [process.platform, process.arch, abi].filter(Boolean).join('-')
}

function stem(name) {
  return name.replace(/-(gnu|musl)$/, '')
}

function place() {
  return `${process.platform} ${process.arch}${process.platform === 'linux' ? ` (${libc()})` : ''}`
}

function libc() {
  if (process.platform !== 'linux') return ''
  const report = /** @type {any} */ (process.report)
  // Looking up every network interface takes seconds on some machines.
  report.excludeNetwork = true
  return report.getReport().header.glibcVersionRuntime ? 'glibc' : 'musl'
}

function builds() {
  return require('../package.json').napi.targets
}

function isBuilt() {
  const system = { linux: 'linux', darwin: 'darwin', win32: 'windows' }[process.platform]
  const processor = { x64: 'x86_64', arm64: 'aarch64' }[process.arch]
  return builds().some((target) => target.startsWith(processor) && target.includes(system))
}

module.exports = load()
