'use strict'

// What a store answers before everything in its folder is read.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { createStore, QuilltapAdapter } = require('quilltap-store')
const { folder } = require('./support.cjs')

const texts = { description: '', personality: '', scenario: '', firstMessage: '' }

test('who is signed in is known before the characters are read, and all else as soon as they are', async (t) => {
  const dataDir = folder()
  const made = createStore({ dataDir })
  const user = await made.users.create({ email: 'a@example.org' })
  const expires = new Date('2099-01-01T00:00:00.000Z')
  await QuilltapAdapter(made).createSession({ sessionToken: 'token', userId: user.id, expires })
  const many = Array.from({ length: 3000 }, (_, number) => ({ userId: user.id, name: `No ${number}`, ...texts }))
  const { id } = (await made.characters.createMany(many))[7]
  await made.close()

  const store = createStore({ dataDir })
  t.after(() => store.close())
  const adapter = QuilltapAdapter(store)
  const order = []
  const told = (what) => (answer) => (order.push(what), answer)
  const [, character, first, unknown] = await Promise.all([
    store.open().then(told('open')),
    store.characters.findById(id).then(told('a character')),
    adapter.getSessionAndUser('token').then(told('a session')),
    adapter.getSessionAndUser('none').then(told('no session')),
  ])
  assert.deepEqual(order.slice(0, 2).sort(), ['a session', 'no session'])
  assert.equal(character.name, 'No 7')
  assert.equal(first.user.id, user.id)
  assert.deepEqual(first.session.expires, expires)
  assert.equal(unknown, null)
  assert.deepEqual(await adapter.getSessionAndUser('token'), first)
  assert.equal((await store.characters.findAll()).length, 3000)
})

test('a handle that is closed while it opens answers what was asked for', async () => {
  const dataDir = folder()
  const made = createStore({ dataDir })
  const user = await made.users.create({ email: 'a@example.org' })
  await made.close()
  const store = createStore({ dataDir })
  const [found] = await Promise.all([store.users.findById(user.id), store.close()])
  assert.deepEqual(found, user)
  await assert.rejects(store.users.findById(user.id), { code: 'CLOSED' })
})
