'use strict'

// Threads that are ended with calls under way. A mistake here is a crash, so each runs in a
// process of its own.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { folder, index, program, run } = require('./support.cjs')

const WORKERS = 300

/** In a worker: starts many calls, says so, and never ends by itself. */
const busy = `
  const { workerData, parentPort } = require('node:worker_threads')
  const store = require(workerData.index).createStore({ dataDir: workerData.dataDir, transactionTimeout: 600_000 })
  store.on('change', () => {})
  const quiet = () => {}
  const again = () => {
    for (let at = 0; at < 10; at++) {
      store.users.create({ email: Math.random() + '@example.org' }).catch(quiet)
      store.chats.getMessages('none').catch(quiet)
      store.users.findByEmail('none@example.org').catch(quiet)
      store.flush().catch(quiet)
    }
    store.transaction(async (tx) => { await tx.updateSettings({ flags: { a: Math.random() } }); await tx.users.count() }).catch(quiet)
    if (workerData.close) store.close().catch(quiet)
  }
  again()
  if (workerData.when === 'at once') parentPort.postMessage('busy')
  else if (workerData.when === 'in a transaction') store.transaction(() => new Promise(() => parentPort.postMessage('busy'))).catch(quiet)
  else store.users.create({ email: Math.random() + '@example.org' }).then(() => { again(); parentPort.postMessage('busy') })
  setInterval(() => {}, 1_000)`

const ending = (dataDir, workerData) =>
  program(
    dataDir,
    `const { Worker } = require('node:worker_threads')
    const workerData = { index: ${JSON.stringify(index)}, dataDir: ${JSON.stringify(dataDir)}, ...${JSON.stringify(workerData)} }
    const end = () => new Promise((resolve, reject) => {
      const worker = new Worker(${JSON.stringify(busy)}, { eval: true, workerData })
      worker.on('message', () => worker.terminate().then(resolve))
      worker.on('error', reject)
    });
    (async () => {
      for (let ended = 0; ended < workerData.count; ended += 10) await Promise.all(Array.from({ length: 10 }, end))
      if (workerData.last === 'exit') process.exit()
      const { id } = await store.users.create({ email: 'last@example.org' })
      console.log((await store.users.findById(id)).email)
      await store.close()
    })()`,
  )

/** In the main thread, which does not load the package itself: threads one after the other do. */
const oneAfterTheOther = (dataDir) => `
  const { Worker } = require('node:worker_threads')
  const text = "const { createStore } = require(" + ${JSON.stringify(JSON.stringify(index))} + ");" +
    "const store = createStore({ dataDir: " + ${JSON.stringify(JSON.stringify(dataDir))} + " });" +
    "store.users.create({ email: Math.random() + '@example.org' }).then(() => store.close())"
  const end = () => new Promise((resolve, reject) => {
    new Worker(text, { eval: true }).on('exit', resolve).on('error', reject)
  });
  (async () => { for (let ended = 0; ended < 20; ended++) console.log(await end()) })()`

test('the thread that loads the package first may end before others load it', async () => {
  const { code, signal, stdout, stderr } = await run(oneAfterTheOther(folder()))
  assert.deepEqual([code, signal, stdout], [0, null, '0\n'.repeat(20)], stderr)
})

for (const [when, count] of [
  ['at once', WORKERS],
  ['open', WORKERS],
  ['in a transaction', 20],
]) {
  test(`${count} threads ended with calls under way (${when}) crash nothing and hold nothing up`, async () => {
    const { code, signal, stdout, stderr } = await run(ending(folder(), { when, count }), { timeout: 180_000 })
    assert.deepEqual(
      { code, signal, stdout, stderr },
      { code: 0, signal: null, stdout: 'last@example.org\n', stderr: '' },
    )
  })
}

test('threads ended while they close crash nothing', async () => {
  const { code, signal, stdout, stderr } = await run(ending(folder(), { when: 'at once', close: true, count: 100 }))
  assert.deepEqual(
    { code, signal, stdout, stderr },
    { code: 0, signal: null, stdout: 'last@example.org\n', stderr: '' },
  )
})

test('a transaction that ends while its handle closes holds nobody up', async () => {
  const { code, signal, stdout, stderr } = await run(`
    const options = { dataDir: ${JSON.stringify(folder())}, transactionTimeout: 600_000 }
    const { createStore } = require(${JSON.stringify(index)})
    const main = async () => {
      const store = createStore(options)
      const ended = store.transaction(() => {}).catch(({ code }) => code)
      // So much waits for the opening that the transaction has begun, and ends, before the closing.
      for (let at = 0; at < 2_000; at++) store.stats()
      await store.close()
      const other = createStore(options)
      await other.users.create({ email: 'other@example.org' })
      await other.close()
      console.log(await ended)
    }
    main()`)
  assert.deepEqual({ code, signal, stdout, stderr }, { code: 0, signal: null, stdout: 'CLOSED\n', stderr: '' })
})

test('what a thread was told is done stays, though the thread was ended and nobody closed the store', async () => {
  const dataDir = folder()
  const { code } = await run(ending(dataDir, { when: 'open', count: 10, last: 'exit' }))
  assert.equal(code, 0)
  const { stdout } = await run(program(dataDir, `store.users.count().then((count) => console.log(count >= 10))`))
  assert.equal(stdout, 'true\n')
})

test('a process that exits while its threads are busy ends as it says', async () => {
  const text = ending(folder(), { when: 'open', count: 10 }).replace(
    'worker.terminate().then(resolve)',
    'process.exit(3)',
  )
  const { code, signal, stderr } = await run(text)
  assert.deepEqual({ code, signal, stderr }, { code: 3, signal: null, stderr: '' })
})
