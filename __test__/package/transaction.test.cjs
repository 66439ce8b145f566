'use strict'

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { createStore, StoreError } = require('quilltap-store')
const { failure, folder } = require('./support.cjs')

async function open(t) {
  const store = createStore({ dataDir: folder(), durability: 'batched' })
  t.after(() => store.close())
  const { id: userId } = await store.users.create({ email: 'a@example.org' })
  return { store, userId }
}

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
  assert.equal(await failure(store.transaction(work)), thrown)
  assert.equal(await store.tags.count(), 0)
})

test('a function that throws before its first await rolls back too', async (t) => {
  const { store } = await open(t)
  assert.match(
    (
      await failure(
        store.transaction(() => {
          throw new TypeError('early')
        }),
      )
    ).message,
    /early/,
  )
  assert.equal(await store.transaction(() => 5), 5)
})

test('a call in a transaction that fails and is caught leaves the rest', async (t) => {
  const { store, userId } = await open(t)
  await store.transaction(async (tx) => {
    await tx.tags.create({ userId, name: 'one' })
    assert.equal((await failure(tx.tags.create({ userId, name: 'ONE' }))).code, 'UNIQUE')
  })
  assert.equal(await store.tags.count(), 1)
})

test('calls on a transaction that has ended are refused', async (t) => {
  const { store, userId } = await open(t)
  let kept
  await store.transaction(async (tx) => {
    kept = tx
  })
  assert.equal((await failure(kept.tags.create({ userId, name: 'late' }))).code, 'CLOSED')
  assert.equal((await failure(kept.tags.findAll())).code, 'CLOSED')
})

test('what would wait for the transaction that it is made in is refused at once', async (t) => {
  const { store, userId } = await open(t)
  const second = createStore({ dataDir: folder() })
  t.after(() => second.close())
  await store.transaction(async (tx) => {
    for (const call of [
      () => store.tags.create({ userId, name: 'outer' }),
      () => store.transaction(async () => {}),
      () => store.compact(),
      () => store.close(),
    ]) {
      const error = await failure(call())
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

test('what a transaction started and did not wait for may write once it has ended', async (t) => {
  const { store, userId } = await open(t)
  let end
  const ended = new Promise((resolve) => (end = resolve))
  let later
  await store.transaction(async () => {
    later = ended.then(() => store.tags.create({ userId, name: 'later' }))
  })
  end()
  assert.equal((await later).name, 'later')
})

test('transactions at once come one behind the other', async (t) => {
  const { store } = await open(t)
  const add = () =>
    store.transaction(async (tx) => {
      const before = (await tx.getSettings())?.flags?.count ?? 0
      await tx.updateSettings({ flags: { count: before + 1 } })
    })
  await Promise.all(Array.from({ length: 20 }, add))
  assert.equal((await store.getSettings()).flags.count, 20)
})

test('a transaction that takes too long is rolled back, and the next one goes on', async (t) => {
  const { store, userId } = await open(t)
  const work = async (tx) => {
    await tx.tags.create({ userId, name: 'one' })
    for (;;) await tx.tags.count()
  }
  const error = await failure(store.transaction(work, { timeout: 20 }))
  assert.ok(error instanceof StoreError)
  assert.match(error.message, /too long/)
  assert.equal(await store.tags.count(), 0)
  assert.equal(await store.transaction((tx) => tx.tags.count()), 0)
})

test('arguments that do not fit are refused', async (t) => {
  const { store } = await open(t)
  assert.equal((await failure(store.transaction())).code, 'VALIDATION')
  assert.equal((await failure(store.transaction(async () => {}, { timeout: -1 }))).code, 'VALIDATION')
  // Everybody else waits for it.
  const long = await failure(store.transaction(async () => {}, { timeout: 600_001 }))
  assert.match(long.message, /timeout: expected milliseconds, at most 600000/)
  assert.throws(() => createStore({ transactionTimeout: 600_001 }), /transactionTimeout: .* at most 600000/)
})

test('closing a handle rolls back its transaction at once, and holds up nobody', async () => {
  const dataDir = folder()
  const [one, other] = [createStore({ dataDir, transactionTimeout: 600_000 }), createStore({ dataDir })]
  const { id: userId } = await other.users.create({ email: 'a@example.org' })
  let begun
  const started = new Promise((resolve) => (begun = resolve))
  let go
  const left = new Promise((resolve) => (go = resolve))
  const first = failure(
    one.transaction(async (tx) => {
      await tx.tags.create({ userId, name: 'one' })
      begun()
      await left
    }),
  )
  await started
  const second = failure(one.transaction(async () => assert.fail('it began')))
  await one.close()
  await other.tags.create({ userId, name: 'two' })
  go()
  assert.deepEqual([(await first).code, (await second).code], ['CLOSED', 'CLOSED'])
  assert.equal(await other.tags.count(), 1)
  await other.close()
})
