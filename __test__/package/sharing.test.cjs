'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { Worker } = require('node:worker_threads')
const { test } = require('node:test')
const { createStore, QuilltapAdapter, StoreError } = require('quilltap-store')
const { failure, folder, index, install, pack, root, run } = require('./support.cjs')

const threads = () => fs.readdirSync('/proc/self/task').length
const onLinux = { skip: process.platform !== 'linux' }

test('handles on one folder share one engine, which ends with the last of them', onLinux, async () => {
  const dataDir = folder()
  const handles = Array.from({ length: 20 }, () => createStore({ dataDir }))
  await handles[0].open()
  const before = threads()
  await Promise.all(handles.map((handle) => handle.open()))
  // Each opens on a thread of its own, which ends; none has threads that stay.
  assert.ok(threads() < before + 20)
  const made = await handles[3].users.create({ email: 'a@example.org' })
  assert.deepEqual(await handles[7].users.findById(made.id), made)
  await Promise.all(handles.slice(1).map((handle) => handle.close()))
  assert.deepEqual(await handles[0].users.findById(made.id), made)
  assert.notEqual(fs.readdirSync(path.join(dataDir, 'journal')).length, 0)
  await handles[0].close()
  assert.deepEqual(fs.readdirSync(path.join(dataDir, 'journal')), [])
})

test('a folder reached by another path is the same folder', async () => {
  const dataDir = folder()
  const link = `${dataDir}-link`
  fs.symlinkSync(dataDir, link, 'junction')
  const [one, other] = [createStore({ dataDir }), createStore({ dataDir: `${link}/.` })]
  const made = await one.users.create({ email: 'a@example.org' })
  assert.deepEqual(await other.users.findById(made.id), made)
  await Promise.all([one.close(), other.close()])
  fs.unlinkSync(link)
})

/** What a hot reload or a test runner does between two loads of an app. */
function forgetModules() {
  for (const file of Object.keys(require.cache)) {
    if (file.startsWith(root) && !file.endsWith('.node')) delete require.cache[file]
  }
}

test('a module that is loaded anew a hundred times finds the same engine', onLinux, async () => {
  const dataDir = folder()
  const first = createStore({ dataDir })
  const made = await first.users.create({ email: 'a@example.org' })
  const before = threads()
  const stores = []
  for (let at = 0; at < 100; at++) {
    forgetModules()
    const again = require(index)
    assert.notEqual(again.createStore, createStore)
    stores.push(again.createStore({ dataDir }))
    assert.deepEqual(await stores.at(-1).users.findById(made.id), made)
  }
  assert.ok(threads() <= before + 2)
  const error = await failure(stores[0].users.create({ email: 'A@example.org' }))
  assert.ok(error instanceof StoreError)
  assert.equal((await QuilltapAdapter(stores[5]).getUser(made.id)).id, made.id)
  await Promise.all([first, ...stores].map((store) => store.close()))
})

test('two copies of the package in one process work on one folder, one behind the other', async () => {
  const [project, dataDir] = [folder(), folder()]
  const copy = require(install(pack(project), project))
  assert.notEqual(copy.createStore, createStore)
  const [one, other] = [createStore({ dataDir }), copy.createStore({ dataDir })]
  const made = await one.users.create({ email: 'a@example.org' })
  assert.deepEqual(await other.users.findById(made.id), made)
  const error = await failure(other.users.create({ email: 'A@example.org' }))
  assert.ok(error instanceof StoreError && error instanceof copy.StoreError)
  assert.equal(error.code, 'UNIQUE')
  const both = [one, other].flatMap((store, at) =>
    Array.from({ length: 50 }, (_, tag) => store.tags.create({ userId: made.id, name: `${at}-${tag}` })),
  )
  await Promise.all(both)
  assert.deepEqual([await one.tags.count(), await other.tags.count()], [100, 100])
  await Promise.all([one.close(), other.close()])
})

test('processes see what others have written', async () => {
  const dataDir = folder()
  const store = createStore({ dataDir })
  const { id } = await store.users.create({ email: 'a@example.org' })
  const text = `const store = require(${JSON.stringify(index)}).createStore({ dataDir: ${JSON.stringify(dataDir)} });
    store.tags.create({ id: 'other', userId: ${JSON.stringify(id)}, name: 'one' }).then(() => console.log('done'))`
  assert.equal((await run(text)).stdout, 'done\n')
  assert.equal((await store.tags.findById('other')).name, 'one')
  await store.close()
})

test('worker threads share the engine of the process', async () => {
  const dataDir = folder()
  const store = createStore({ dataDir })
  const { id } = await store.users.create({ email: 'a@example.org' })
  const text = `const { workerData, parentPort } = require('node:worker_threads')
    const store = require(workerData.index).createStore({ dataDir: workerData.dataDir })
    store.users.findById(workerData.id)
      .then((user) => store.tags.create({ userId: user.id, name: 'of ' + workerData.name }))
      .then((tag) => parentPort.postMessage(tag.name))`
  const names = Array.from({ length: 8 }, (_, at) => `worker ${at}`)
  const told = names.map(
    (name) =>
      new Promise((resolve, reject) => {
        const worker = new Worker(text, { eval: true, workerData: { index, dataDir, id, name } })
        worker.on('error', reject)
        let said
        worker.on('message', (message) => (said = message))
        worker.on('exit', () => resolve(said))
      }),
  )
  assert.deepEqual(
    await Promise.all(told),
    names.map((name) => `of ${name}`),
  )
  assert.equal(await store.tags.count(), 8)
  await store.close()
})
