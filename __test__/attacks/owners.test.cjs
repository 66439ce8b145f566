'use strict'

// What one user has put is not another's for the asking.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { createStore } = require('../../index.js')
const { failure, folder } = require('../package/support.cjs')

/** A store in which the first of two users has put a picture. */
async function world(t) {
  const store = createStore({ dataDir: folder() })
  t.after(() => store.close())
  const [alice, bob] = [
    await store.users.create({ email: 'alice@example.com' }),
    await store.users.create({ email: 'bob@example.com' }),
  ]
  const hers = await store.images.put(Buffer.from('her picture'), { userId: alice.id })
  const row = (userId, sha256 = hers.sha256) => ({
    userId,
    sha256,
    type: 'image',
    filename: 'a',
    relativePath: `binaries/${sha256}/raw`,
    mimeType: 'image/png',
    size: 11,
  })
  return { store, alice, bob, hers, row }
}

test('whoever knows what bytes hash to does not get them', async (t) => {
  const { store, alice, bob, hers, row } = await world(t)
  const mine = await store.images.put(Buffer.from('his picture'), { userId: bob.id })
  const { sha256 } = hers
  for (const call of [
    () => store.images.create(row(bob.id)),
    () => store.images.createMany([row(bob.id)]),
    () => store.images.upsert({ where: { id: 'x' }, create: { id: 'x', ...row(bob.id) }, update: {} }),
    () => store.images.update(mine.id, { sha256 }),
    () => store.transaction((tx) => tx.images.create(row(bob.id))),
  ]) {
    const error = await failure(call())
    assert.equal(error.code, 'VALIDATION')
    assert.match(error.message, /sha256: expected content that this user has put/)
    assert.ok(!error.message.includes(hers.sha256))
  }
  // Who has put the bytes has as many rows of them as they like, and who shows them gets them.
  assert.equal((await store.images.read((await store.images.create(row(alice.id))).id)).toString(), 'her picture')
  const same = await store.images.put(Buffer.from('her picture'), { userId: bob.id })
  assert.equal((await store.images.read((await store.images.create(row(bob.id))).id)).toString(), 'her picture')
  assert.equal(same.sha256, hers.sha256)
})

test('a row of bytes that are not in the store is a row', async (t) => {
  const { store, bob, row } = await world(t)
  const { id } = await store.images.create(row(bob.id, 'a'.repeat(64)))
  assert.equal((await failure(store.images.read(id))).code, 'CORRUPT')
})
