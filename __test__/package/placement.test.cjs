'use strict'

// A data folder that the next build, installation or deployment removes is told of, once.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { folder, index, run } = require('./support.cjs')

/** What a process tells that opens a store twice, as `dataDir`, in a folder. */
async function told(cwd, dataDir, env = {}) {
  fs.mkdirSync(cwd, { recursive: true })
  const text = `const { createStore } = require(${JSON.stringify(index)})
    const open = () => createStore({ dataDir: ${JSON.stringify(dataDir)} })
    open().users.count().then(() => open().users.count())`
  const { code, stderr } = await run(text, { cwd, env: { ...process.env, PWD: cwd, INIT_CWD: '', ...env } })
  assert.equal(code, 0, stderr)
  return stderr.split('\n').filter((line) => line.includes('Warning'))
}

async function store(dataDir) {
  const { createStore } = require(index)
  const made = createStore({ dataDir })
  await made.users.create({ email: 'ann@example.org' })
  await made.close()
}

for (const place of ['.next/standalone', 'node_modules/app', '.output/server', '.vercel/output']) {
  test(`a folder in ${place} is told of`, async () => {
    const warnings = await told(path.join(folder(), place), './data')
    assert.equal(warnings.length, 1)
    assert.match(
      warnings[0],
      /QuilltapStoreWarning: .*lies in .*makes anew: give dataDir or DATA_DIR as an absolute path/,
    )
  })
}

for (const name of ['PWD', 'INIT_CWD']) {
  test(`a store of the same name where the app was started (${name}) is told of`, async () => {
    const app = folder()
    await store(path.join(app, 'data'))
    const warnings = await told(path.join(app, 'build/server'), './data', { [name]: app })
    assert.equal(warnings.length, 1)
    assert.ok(warnings[0].includes(`there is a store in ${path.join(app, 'data')} too`), warnings[0])
  })
}

/** What `output: 'standalone'` leaves to be deployed. */
function standalone() {
  const made = folder()
  fs.mkdirSync(path.join(made, '.next'))
  for (const name of ['server.js', '.next/BUILD_ID']) fs.writeFileSync(path.join(made, name), '')
  return made
}

test('a folder beside the server of a deployed build is told of', async () => {
  const warnings = await told(standalone(), './data')
  assert.equal(warnings.length, 1)
  assert.match(warnings[0], /lies in a standalone build .*which the next deployment replaces/)
})

test('nothing is told of a folder that stays', async () => {
  const [app, server, project] = [folder(), standalone(), standalone()]
  const lasting = path.join(app, 'data')
  fs.writeFileSync(path.join(project, 'next.config.ts'), '')
  assert.deepEqual(await told(app, './data'), [])
  assert.deepEqual(await told(server, lasting, { PWD: app }), [], 'an absolute path')
  assert.deepEqual(await told(app, './data', { PWD: folder() }), [], 'started where there is no store')
  const link = path.join(folder(), 'link')
  fs.symlinkSync(app, link, 'junction')
  await store(path.join(app, 'data'))
  assert.deepEqual(await told(app, './data', { PWD: link }), [], 'the same folder by another name')
  assert.deepEqual(await told(project, './data'), [], 'a server of the project’s own')
  assert.deepEqual(await told(path.join(app, 'next'), './data'), [], 'a name that only looks so')
})
