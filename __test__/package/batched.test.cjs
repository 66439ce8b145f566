'use strict'

// In the batched mode a small change is committed on this thread, where nothing is in the way.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { createStore } = require('quilltap-store')
const { failure, folder } = require('./support.cjs')

async function open(t) {
  const store = createStore({ dataDir: folder(), durability: 'batched' })
  t.after(() => store.close())
  const { id } = await store.users.create({ email: 'a@example.org' })
  return { store, tag: (name) => ({ userId: id, name: String(name) }) }
}

test('timers have their turn while one change after another is awaited', async (t) => {
  const { store, tag } = await open(t)
  let isOver = false
  setTimeout(() => (isOver = true), 1)
  const deadline = performance.now() + 60_000
  for (let number = 0; !isOver; number++) {
    await store.tags.create(tag(number))
    assert.ok(performance.now() < deadline, 'no timer had its turn')
  }
})

test('changes are made in the order in which they were asked for, awaited or not', async (t) => {
  const { store, tag } = await open(t)
  const { id } = await store.tags.create(tag('first'))
  for (let number = 0; number < 300; number++) {
    // Too long for this thread: what is asked for behind it must come behind it.
    const long = store.tags.update(id, { name: `long ${number} ${'x'.repeat(20_000)}` })
    const last = await store.tags.update(id, { name: `last ${number}` })
    assert.equal((await store.tags.findById(id)).name, last.name)
    await long
    assert.equal((await store.tags.findById(id)).name, last.name)
  }
})

test('a change that fails tells its error and its caller, and leaves nothing', async (t) => {
  const { store, tag } = await open(t)
  await store.tags.create(tag('taken'))
  async function theCaller() {
    await store.tags.create(tag('taken'))
  }
  const error = await failure(theCaller())
  assert.equal(error.code, 'UNIQUE')
  assert.match(error.stack, /theCaller/)
  assert.equal((await store.tags.findAll()).length, 1)
})

test('each change is told once, in its order', async (t) => {
  const { store, tag } = await open(t)
  const told = []
  // A listener does not keep the process alive.
  const alive = setInterval(() => {}, 1_000)
  t.after(() => clearInterval(alive))
  const all = new Promise((resolve) => {
    store.on('change', (event) => told.push(event.id) === 200 && resolve())
  })
  await store.flush()
  const made = []
  for (let number = 0; number < 200; number++) made.push((await store.tags.create(tag(number))).id)
  await all
  assert.deepEqual(told, made)
})
