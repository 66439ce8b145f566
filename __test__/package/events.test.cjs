'use strict'

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { createStore } = require('quilltap-store')
const { folder, index, program, run } = require('./support.cjs')

/** Resolves with so many events. */
function heard(store, count) {
  const events = []
  // Listening itself keeps no process alive, and this one must wait.
  const alive = setInterval(() => {}, 1_000)
  return new Promise((resolve) => {
    const off = store.on('change', (event) => {
      events.push(event)
      if (events.length < count) return
      clearInterval(alive)
      resolve(off() ?? events)
    })
  })
}

test('a listener hears of each change, those of the call that opens the store too', async () => {
  const store = createStore({ dataDir: folder() })
  const events = heard(store, 2)
  const user = await store.users.create({ email: 'a@example.org' })
  const [first] = await events
  assert.deepEqual(first, { model: 'User', collection: 'users', id: user.id, type: 'create' })
  await store.close()
})

test('a listener that came before any call hears of another process', async () => {
  const dataDir = folder()
  const store = createStore({ dataDir })
  const events = heard(store, 1)
  await run(program(dataDir, `store.users.create({ id: 'other', email: 'a@example.org' })`))
  assert.equal((await events)[0].id, 'other')
  await store.close()
})

test('each listener gets an event of its own, and one that throws keeps nothing from the others', async () => {
  const text = program(
    folder(),
    `store.on('change', (event) => { event.type = 'spoiled'; throw new Error('from a listener') })
    store.on('change', ({ type }) => console.log(type))
    process.on('uncaughtException', (error) => console.log(error.message))
    store.users.create({ email: 'a@example.org' }).then(() => store.close())`,
  )
  const { stdout } = await run(text)
  assert.match(stdout, /^create$/m)
  assert.match(stdout, /^from a listener$/m)
})

test('a listener that was taken off, or whose store is closed, hears nothing more', async () => {
  const dataDir = folder()
  const [store, other] = [createStore({ dataDir }), createStore({ dataDir })]
  const [early, late] = [[], []]
  const listener = (event) => early.push(event)
  store.on('change', listener)
  store.off('change', listener)
  store.off('change', listener)
  store.on('change', (event) => late.push(event))
  const { id: userId } = await store.users.create({ email: 'a@example.org' })
  await store.tags.create({ userId, name: 'one' })
  await store.close()
  const events = heard(other, 1)
  const before = late.length
  await other.tags.create({ userId, name: 'two' })
  await events
  assert.deepEqual(early, [])
  assert.ok(before > 0)
  assert.equal(late.length, before)
  await other.close()
})

test('an event or a listener that does not fit is refused', () => {
  const { on, off } = require(index).createStore({ dataDir: folder() })
  assert.throws(() => on('changes', () => {}), { code: 'VALIDATION' })
  assert.throws(() => on('change'), { code: 'VALIDATION' })
  assert.throws(() => off('change', 5), { code: 'VALIDATION' })
})
