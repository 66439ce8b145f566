'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { pathToFileURL } = require('node:url')
const { test } = require('node:test')
const vm = require('node:vm')
const { folder, root, run } = require('./support.cjs')

const NAMES = [
  'QuilltapAdapter',
  'StoreError',
  'copyStore',
  'createStore',
  'doctor',
  'exportTo',
  'importFrom',
  'restore',
  'studio',
  'verifyAgainst',
]
const source = (name) => fs.readFileSync(path.join(root, name), 'utf8')

test('require and import give the same things under the same names', async () => {
  const required = require('quilltap-store')
  const imported = await import('quilltap-store')
  assert.deepEqual(Object.keys(required).sort(), NAMES)
  assert.deepEqual(Object.keys(imported).sort(), NAMES)
  for (const name of NAMES) assert.equal(imported[name], required[name])
})

test('the server of the studio is loaded by those who have one', async () => {
  const text = `const { createStore, studio } = require('quilltap-store')
    const loaded = () => Object.keys(require.cache).some((file) => /studio.handler/.test(file))
    const before = loaded()
    studio(createStore({ dataDir: ${JSON.stringify(folder())} }), { authorize: () => true })
    console.log(before, loaded())`
  assert.equal((await run(text, { cwd: root })).stdout, 'false true\n')
})

test('the types declare every name', () => {
  for (const name of NAMES) assert.match(source('index.d.ts'), new RegExp(`export declare (class|function) ${name}\\b`))
})

test('a bundler finds every name in the stub', () => {
  const exported = [...source('stub.mjs').matchAll(/^export const (\w+)/gm)].map(([, name]) => name)
  assert.deepEqual(exported.sort(), NAMES)
})

const SENTENCE =
  /^quilltap-store runs in Node\.js only, not in the edge runtime or a browser\. Import it from server code/

for (const condition of ['edge-light', 'workerd']) {
  test(`under ${condition} the import fails with a sentence that says why and what to do`, async () => {
    const text = "import('quilltap-store').then(() => console.log('loaded'), (error) => console.log(error.message))"
    const { stdout } = await run(text, { flags: ['--conditions', condition], cwd: root })
    assert.match(stdout, SENTENCE)
  })
}

for (const [how, text] of [
  ['imports', "import { createStore } from 'quilltap-store'; console.log(createStore)"],
  ['imports all of', "import * as quilltap from 'quilltap-store'; console.log(quilltap)"],
  ['requires', "const { createStore } = require('quilltap-store'); console.log(createStore)"],
]) {
  test(`a bundle for a browser that ${how} it says the same, and has nothing else of it`, async () => {
    const { rolldown } = await import('rolldown')
    const input = path.join(folder(), how === 'requires' ? 'app.cjs' : 'app.mjs')
    fs.writeFileSync(input, text)
    fs.mkdirSync(path.join(path.dirname(input), 'node_modules'))
    fs.symlinkSync(root, path.join(path.dirname(input), 'node_modules/quilltap-store'), 'junction')
    const bundle = await rolldown({ input, platform: 'browser', logLevel: 'silent' })
    const { output } = await bundle.generate({ format: 'iife' })
    await bundle.close()
    assert.throws(() => vm.runInNewContext(output[0].code, {}), { message: SENTENCE })
    assert.ok(output[0].code.length < 4_000, output[0].code)
  })
}

test('in Node the condition of a browser, with which Jest’s jsdom asks, changes nothing', async () => {
  for (const text of [
    "console.log(typeof require('quilltap-store').createStore)",
    "import('quilltap-store').then(({ createStore }) => console.log(typeof createStore))",
  ]) {
    assert.equal((await run(text, { flags: ['--conditions', 'browser'], cwd: root })).stdout, 'function\n')
  }
})

test('loading it opens nothing and starts no thread', async () => {
  const text = `
    const threads = () => require('node:fs').readdirSync('/proc/self/task').length
    const before = threads()
    require(${JSON.stringify(root)}).createStore({ dataDir: '/nowhere/at/all' })
    console.log(threads() - before)`
  if (process.platform !== 'linux') return
  assert.equal((await run(text)).stdout, '0\n')
})

test('the package file can be read by tools', async () => {
  const { default: manifest } = await import(pathToFileURL(path.join(root, 'package.json')), { with: { type: 'json' } })
  assert.equal(require('quilltap-store/package.json').version, manifest.version)
  assert.equal(manifest.scripts.install ?? manifest.scripts.postinstall ?? manifest.scripts.preinstall, undefined)
})
