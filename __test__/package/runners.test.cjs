'use strict'

// Jest, and the four pools of Vitest, in a project that has the package installed.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { bin, folder, install, pack, runFile } = require('./support.cjs')

const suites = path.join(__dirname, 'fixtures/runners')
const tarball = pack(folder())

function project(files) {
  const made = folder()
  install(tarball, made)
  // Two files each, so that a runner has reason to use two threads or processes.
  for (const [from, to] of files) fs.copyFileSync(path.join(suites, from), path.join(made, to))
  return made
}

async function passes(program, argv, cwd, tests) {
  const { code, stdout, stderr } = await runFile(program, argv, {
    cwd,
    env: { ...process.env, CI: '1', NO_COLOR: '1', NODE_ENV: 'test' },
  })
  const output = stdout + stderr
  assert.equal(code, 0, output)
  assert.match(output, new RegExp(`Tests:?\\s+${tests} passed`), output)
  assert.doesNotMatch(output, /did not exit|open handles|Unhandled|Segmentation/i)
}

const twice = [
  ['suite.js', 'one.test.js'],
  ['suite.js', 'two.test.js'],
]

for (const [name, options] of [
  ['Jest in processes', { maxWorkers: 2 }],
  ['Jest in one process', { maxWorkers: 1 }],
  ['Jest in worker threads', { maxWorkers: 2, workerThreads: true }],
  ['Jest with jsdom', { maxWorkers: 1, testEnvironment: require.resolve('jest-environment-jsdom') }],
]) {
  test(`${name}, with modules reset`, async () => {
    const made = project([...twice, ['reset.js', 'reset.test.js']])
    fs.writeFileSync(
      path.join(made, 'jest.config.json'),
      JSON.stringify({ testEnvironment: 'node', injectGlobals: true, ...options }),
    )
    fs.writeFileSync(path.join(made, 'package.json'), '{}')
    await passes(bin('jest', 'bin/jest.js'), ['--config', 'jest.config.json'], made, 15)
  })
}

for (const pool of ['threads', 'forks', 'vmThreads', 'vmForks']) {
  test(`Vitest with the pool ${pool}`, async () => {
    const made = project(twice.map(([from, to]) => [from, to.replace('.js', '.cjs')]))
    for (const [, to] of twice) {
      // As a test in an ES module would: the package is imported from node_modules.
      const file = path.join(made, to.replace('.js', '.mjs'))
      const text = fs.readFileSync(path.join(made, to.replace('.js', '.cjs')), 'utf8')
      fs.writeFileSync(
        file,
        text.replace(
          /const (.+) = require\('(.+)'\)/g,
          (_, names, from) => `import ${names.startsWith('{') ? names : `* as ${names}`} from '${from}'`,
        ),
      )
      fs.rmSync(path.join(made, to.replace('.js', '.cjs')))
    }
    const config = { test: { globals: true, pool, include: ['*.test.mjs'] } }
    fs.writeFileSync(path.join(made, 'vitest.config.mjs'), `export default ${JSON.stringify(config)}`)
    fs.writeFileSync(path.join(made, 'package.json'), '{}')
    await passes(bin('vitest', 'vitest.mjs'), ['run', '--root', made], made, 12)
  })
}
