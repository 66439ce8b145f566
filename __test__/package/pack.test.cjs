'use strict'

// What is published, installed elsewhere by npm itself; and what is said when its native part is missing.

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { folder, install, pack, root, run } = require('./support.cjs')

const tarball = pack(folder())
const names = (archive) => execFileSync('tar', ['-tzf', archive], { encoding: 'utf8' }).trim().split('\n')

/** The name of this machine's native file: `quilltap-store.linux-x64-gnu.node`. */
const native = names(tarball)
  .map((name) => path.basename(name))
  .find((name) => name.endsWith('.node'))
const platform = native?.split('.')[1]

test('the tarball holds what is needed and no sources', () => {
  const files = names(tarball).map((name) => name.replace('package/', ''))
  for (const name of [
    'bin/quilltap-store.js',
    'index.js',
    'index.mjs',
    'index.d.ts',
    'index.d.mts',
    'stub.mjs',
    'prisma.js',
    'prisma.mjs',
    'prisma.d.ts',
    'prisma.d.mts',
    'prisma-browser.cjs',
    'prisma-browser.mjs',
    'lib/prisma/client.js',
    'generated/prisma.js',
    'generated/native.js',
    'generated/studio/studio.js',
    'generated/studio/studio.css',
    'lib/studio/serve.js',
    'package.json',
  ]) {
    assert.ok(files.includes(name), name)
  }
  assert.deepEqual(
    files.filter((name) => /^(src|studio|__test__|examples|npm|target|node_modules)\/|\.rs$|header\.d\.ts$/.test(name)),
    [],
  )
})

test('npm installs it elsewhere without a script, and it runs', async () => {
  const project = folder()
  fs.writeFileSync(path.join(project, 'package.json'), '{}')
  const argv = ['install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', tarball]
  execFileSync('npm', argv, { cwd: project, stdio: 'pipe', shell: process.platform === 'win32' })
  const text = `require('quilltap-store').createStore().users.create({ email: 'a@example.org' }).then(({ email }) => console.log(email))`
  const { stdout, stderr } = await run(text, { cwd: project })
  assert.deepEqual({ stdout, stderr }, { stdout: 'a@example.org\n', stderr: '' })
  assert.ok(fs.existsSync(path.join(project, 'data/journal')))
})

test('it runs with the native part in a package of its own, as it is published', async () => {
  const project = folder()
  const place = install(tarball, project)
  const beside = path.join(project, 'node_modules', `quilltap-store-${platform}`)
  fs.cpSync(path.join(root, 'npm', platform), beside, { recursive: true })
  fs.renameSync(path.join(place, 'generated', native), path.join(beside, native))
  const text = `require('quilltap-store').createStore().users.findAll().then((users) => console.log(users.length))`
  assert.equal((await run(text, { cwd: project })).stdout, '0\n')
})

/** What loading says when the native part is missing, with other packages installed beside. */
async function loadWithout({ beside = [], broken = false }) {
  const project = folder()
  const place = install(tarball, project)
  fs.rmSync(path.join(place, 'generated', native))
  for (const name of beside) {
    const other = path.join(project, 'node_modules', name)
    fs.mkdirSync(other)
    fs.writeFileSync(path.join(other, 'package.json'), JSON.stringify({ name, main: native }))
    if (broken) fs.writeFileSync(path.join(other, native), 'not a library')
  }
  const text = `try { require('quilltap-store') } catch (error) { console.log(error.code + '\\n' + error.message) }`
  return (await run(text, { cwd: project })).stdout
}

test('without the native part the error says what was tried, why, and what to do', async () => {
  const said = await loadWithout({})
  assert.match(said, /^QUILLTAP_NATIVE_MISSING\nquilltap-store cannot load its native part for \w+ \w+/)
  assert.match(said, new RegExp(`The package quilltap-store-${platform} is not installed`))
  assert.match(said, /--omit=optional/)
  assert.match(said, /What was tried:\n {2}- /)
})

test('it tells a node_modules that was copied from another system', async () => {
  const other = platform.startsWith('darwin') ? 'win32-x64-msvc' : 'darwin-arm64'
  assert.match(
    await loadWithout({ beside: [`quilltap-store-${other}`] }),
    new RegExp(`${other} is installed, for another system`),
  )
})

test('it tells a package for another C library', { skip: !/gnu|musl/.test(platform) }, async () => {
  const other = platform.endsWith('gnu') ? platform.replace('gnu', 'musl') : platform.replace('musl', 'gnu')
  assert.match(await loadWithout({ beside: [`quilltap-store-${other}`] }), /for another C library than this system's/)
})

test('it tells a native part that is there and does not load', async () => {
  const said = await loadWithout({ beside: [`quilltap-store-${platform}`], broken: true })
  assert.match(said, /is installed but does not load/)
})

test('there is a package for each target, with its system, processor and C library', () => {
  const { napi, version, engines } = require('quilltap-store/package.json')
  // Beside them lies the package that stands in for Prisma's, which has no native part.
  const isTarget = (entry) => entry.isDirectory() && entry.name !== 'quilltap-store-prisma'
  const folders = fs.readdirSync(path.join(root, 'npm'), { withFileTypes: true }).filter(isTarget)
  assert.equal(folders.length, napi.targets.length)
  for (const { name } of folders) {
    const manifest = JSON.parse(fs.readFileSync(path.join(root, 'npm', name, 'package.json'), 'utf8'))
    const [system, processor, library] = name.split('-')
    assert.equal(manifest.name, `quilltap-store-${name}`)
    assert.deepEqual([manifest.os, manifest.cpu], [[system], [processor]])
    assert.deepEqual(manifest.libc, { gnu: ['glibc'], musl: ['musl'] }[library])
    assert.deepEqual([manifest.version, manifest.engines, manifest.scripts], [version, engines, undefined])
  }
})
