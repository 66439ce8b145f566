// The package as it is published, the native part in a package of its own, installed by every package manager and run.
//
//   npm run build && node scripts/managers.mjs [npm12 pnpm yarn-pnp]
//
// The managers come from the registry as npm packages; the two tarballs are the ones of this checkout. Nobody is asked
// to allow an install script: npm 12, pnpm and Yarn block them, and there are none.

import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { root } from './run.mjs'

const folder = mkdtempSync(path.join(tmpdir(), 'quilltap-managers-'))
const quiet = { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' }
const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'))
const writeJson = (file, value) => writeFileSync(file, JSON.stringify(value, null, 2))
const packFolder = (from) =>
  path.join(
    folder,
    JSON.parse(execFileSync('npm', ['pack', '--json', '--pack-destination', folder], { cwd: from, ...quiet }))[0]
      .filename,
  )

/** The root's tarball without a binary, which names its platform's package as `napi pre-publish` makes it do. */
function published() {
  const binary = readdirSync(path.join(root, 'generated')).find((name) => name.endsWith('.node'))
  const platform = binary.split('.')[1]
  const part = path.join(folder, 'part')
  cpSync(path.join(root, 'npm', platform), part, { recursive: true })
  cpSync(path.join(root, 'generated', binary), path.join(part, binary))
  const whole = packFolder(root)
  execFileSync('tar', ['-xzf', whole, '-C', folder])
  const manifest = readJson(path.join(folder, 'package/package.json'))
  rmSync(path.join(folder, 'package/generated', binary))
  const name = `quilltap-store-${platform}`
  writeJson(path.join(folder, 'package/package.json'), {
    ...manifest,
    optionalDependencies: { [name]: manifest.version },
  })
  return { store: packFolder(path.join(folder, 'package')), name, part: packFolder(part) }
}

const MANAGERS = {
  npm12: {
    from: 'npm@12',
    program: 'npm/bin/npm-cli.js',
    argv: ['install', '--no-audit', '--no-fund'],
    overrides: 'overrides',
  },
  pnpm: {
    from: 'pnpm@10',
    program: 'pnpm/bin/pnpm.cjs',
    argv: ['install', '--config.confirm-modules-purge=false'],
    overrides: 'pnpm',
  },
  'yarn-pnp': {
    from: '@yarnpkg/cli-dist@4',
    program: '@yarnpkg/cli-dist/bin/yarn.js',
    argv: ['install'],
    overrides: 'resolutions',
  },
}

const RUN = `const { createStore } = require('quilltap-store')
const store = createStore({ dataDir: './data' })
store.users.create({ email: 'ada@example.org' }).then(async ({ email }) => {
  await store.close()
  console.log(email)
})`

/** Installs both tarballs by a manager into a project of its own and runs a program there. */
function attempt(name, { store, name: part, part: tarball }) {
  const { from, program, argv, overrides } = MANAGERS[name]
  const tool = path.join(folder, `tool-${name}`)
  mkdirSync(tool)
  writeJson(path.join(tool, 'package.json'), { private: true })
  execFileSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', from], { cwd: tool, ...quiet })
  const project = path.join(folder, name)
  mkdirSync(project)
  const replaced = { [part]: `file:${tarball}` }
  writeJson(path.join(project, 'package.json'), {
    private: true,
    dependencies: { 'quilltap-store': `file:${store}` },
    [overrides]: overrides === 'pnpm' ? { overrides: replaced } : replaced,
  })
  writeFileSync(path.join(project, 'main.cjs'), RUN)
  writeFileSync(path.join(project, 'yarn.lock'), '')
  const manager = path.join(tool, 'node_modules', program)
  const env = { ...process.env, YARN_ENABLE_TELEMETRY: '0', YARN_ENABLE_IMMUTABLE_INSTALLS: 'false' }
  const told = execFileSync(process.execPath, [manager, ...argv], { cwd: project, env, ...quiet })
  if (/script/i.test(told)) throw new Error(`${name} speaks of scripts:\n${told}`)
  const pnp = path.join(project, '.pnp.cjs')
  if (name === 'yarn-pnp' && !existsSync(pnp)) throw new Error('Yarn has made a node_modules')
  const flags = existsSync(pnp) ? ['--require', pnp] : []
  const said = execFileSync(process.execPath, [...flags, 'main.cjs'], { cwd: project, ...quiet }).trim()
  if (said !== 'ada@example.org') throw new Error(`${name}: ${said}`)
  return execFileSync(process.execPath, [manager, '--version'], { cwd: project, ...quiet }).trim()
}

const tarballs = published()
const named = process.argv.slice(2)
for (const name of named.length > 0 ? named : Object.keys(MANAGERS)) {
  console.log(`${name} ${attempt(name, tarballs)}: installs and runs, no script asked for`)
}
rmSync(folder, { recursive: true })
