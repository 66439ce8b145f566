'use strict'

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { createStore, StoreError } = require('quilltap-store')
const { folder } = require('./support.cjs')

async function open(t) {
  const store = createStore({ dataDir: folder(t), durability: 'batched' })
  t.after(() => store.close())
  const { id: userId } = await store.users.create({ email: 'a@example.org' })
  return { store, userId }
}

const fails = (promise) => promise.then(() => assert.fail('it succeeded'), (error) => error)

test('a transaction sees what it has written, gives what its function gives, and stays', async (t) => {
  const { store, userId } = await open(t)
  const given = await store.transaction(async (tx) => {
    const tag = await tx.tags.create({ userId, name: 'one' })
    assert.deepEqual(await tx.tags.findById(tag.id), tag)
    assert.equal(await store.tags.findById(tag.id), null)
    await tx.updateSettings({ flags: { step: 2 } })
    return tag
  })
  assert.deepEqual(await store.tags.findById(given.id), given)
  assert.equal((await store.getSettings()).flags.step, 2)
})

test('what a function throws comes out as it is, and nothing stays', async (t) => {
  const { store, userId } = await open(t)
  const thrown = { any: 'thing' }
  const work = async (tx) => {
    await tx.tags.create({ userId, name: 'one' })
    throw thrown
  }
  assert.equal(await fails(store.transaction(work)), thrown)
  assert.equal(await store.tags.count(), 0)
})

test('a function that throws before its first await rolls back too', async (t) => {
  const { store } = await open(t)
  assert.match((await fails(store.transaction(() => { throw new TypeError('early') }))).message, /early/)
  assert.equal(await store.transaction(() => 5), 5)
})

test('a call in a transaction that fails and is caught leaves the rest', async (t) => {
  const { store, userId } = await open(t)
  await store.transaction(async (tx) => {
    await tx.tags.create({ userId, name: 'one' })
    assert.equal((await fails(tx.tags.create({ userId, name: 'ONE' }))).code, 'UNIQUE')
  })
  assert.equal(await store.tags.count(), 1)
})

test('calls on a transaction that has ended are refused', async (t) => {
  const { store, userId } = await open(t)
  let kept
  await store.transaction(async (tx) => { kept = tx })
  assert.equal((await fails(kept.tags.create({ userId, name: 'late' }))).code, 'CLOSED')
  assert.equal((await fails(kept.tags.findAll())).code, 'CLOSED')
})

test('what would wait for the transaction that it is made in is refused at once', async (t) => {
  const { store, userId } = await open(t)
  const second = createStore({ dataDir: (await store.stats(), storeFolder(t)) })
  t.after(() => second.close())
  await store.transaction(async (tx) => {
    for (const call of [
      () => store.tags.create({ userId, name: 'outer' }),
      () => store.transaction(async () => {}),
      () => store.compact(),
      () => store.close(),
    ]) {
      const error = await fails(call())
      assert.ok(error instanceof StoreError)
      assert.equal(error.code, 'LOCKED')
      assert.match(error.message, /use the tx/)
    }
    assert.deepEqual(await store.tags.findAll(), [])
    await tx.tags.create({ userId, name: 'inner' })
    await store.flush()
    // Another folder is another matter.
    await second.users.create({ email: 'b@example.org' })
  })
  assert.equal(await store.tags.count(), 1)
})

/** A folder of its own for a second store. */
const storeFolder = (t) => folder(t)

test('what a transaction started and did not wait for may write once it has ended', async (t) => {
  const { store, userId } = await open(t)
  let later
  await store.transaction(async () => {
    later = new Promise((resolve) => setImmediate(resolve)).then(() => ended).then(() => store.tags.create({ userId, name: 'later' }))
  }).then(() => release())
  assert.equal((await later).name, 'later')
})

let release
const ended = new Promise((resolve) => (release = resolve))

test('transactions at once come one behind the other', async (t) => {
  const { store, userId } = await open(t)
  const { id } = await store.users.findById(userId)
  const add = () =>
    store.transaction(async (tx) => {
      const before = (await tx.getSettings())?.flags?.count ?? 0
      await tx.updateSettings({ flags: { count: before + 1 } })
    })
  await Promise.all(Array.from({ length: 20 }, add))
  assert.equal((await store.getSettings()).flags.count, 20)
  assert.equal(id, userId)
})

test('a transaction that takes too long is rolled back, and the next one goes on', async (t) => {
  const { store, userId } = await open(t)
  const error = await fails(
    store.transaction(
      async (tx) => {
        await tx.tags.create({ userId, name: 'one' })
        // Until another change gets through, which it can only behind this one's end.
        await new Promise((resolve) => { store.off; resolveWhenFree(store, resolve) })
      },
      { timeout: 50 },
    ),
  )
  assert.ok(error instanceof StoreError)
  assert.match(error.message, /50|took|long/)
  assert.equal(await store.tags.count(), 0)
})

/** Resolves once the store takes changes again; outside of the transaction's context. */
function resolveWhenFree(store, resolve) {
  free = { store, resolve }
}
let free
const watch = setInterval(async () => {
  if (!free) return
  const { store, resolve } = free
  free = undefined
  await store.updateSettings({ flags: { free: true } })
  resolve()
}, 5)
test.after?.(() => clearInterval(watch))
watch.unref()

test('arguments that do not fit are refused', async (t) => {
  const { store } = await open(t)
  assert.equal((await fails(store.transaction())).code, 'VALIDATION')
  assert.equal((await fails(store.transaction(async () => {}, { timeout: -1 }))).code, 'VALIDATION')
})
