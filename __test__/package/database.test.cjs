// The option `database`, as far as no server is needed. What holds of a store in one: `npm run test:postgres`.
'use strict'

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { inspect } = require('node:util')
const { PrismaClient } = require('quilltap-store/prisma')
const { createStore } = require('quilltap-store')
const { failure, folder } = require('./support.cjs')

/** Nobody listens there. */
const NOWHERE = 'postgresql://ann:geheim@127.0.0.1:1/app'

for (const [what, options, expected] of [
  ['an address of another system', { database: 'mysql://ann:geheim@h/app' }, /database: expected 'postgresql:/],
  ['an object without an address', { database: { connections: 3 } }, /database: expected/],
  ['no connections at all', { database: { url: NOWHERE, connections: 0 } }, /database: expected/],
  ['a key that is none', { database: { url: NOWHERE, pool: 3 } }, /database: expected/],
  ['a folder beside it', { database: NOWHERE, dataDir: 'x' }, /dataDir: expected nothing/],
  ['a folder’s durability', { database: NOWHERE, durability: 'batched' }, /durability: expected nothing/],
  ['a folder’s trust', { database: NOWHERE, trustSharedFolder: true }, /trustSharedFolder: expected nothing/],
]) {
  test(`${what} is refused, and no password is told`, () => {
    assert.throws(
      () => createStore(options),
      (error) => error.code === 'VALIDATION' && expected.test(error.message) && !inspect(error).includes('geheim'),
    )
  })
}

for (const [url, shown] of [
  [NOWHERE, 'postgresql://127.0.0.1:1/app?schema=quilltap'],
  ['postgres://ann:ge@h/?im@one:1,two:2/app?schema=mine&password=geheim', 'postgresql://one:1,two:2/app?schema=mine'],
]) {
  test(`a store shows where it is, without a password (${shown})`, () => {
    const store = createStore({ database: url })
    assert.ok(inspect(store).startsWith(`Store { ${shown}: users, `), inspect(store))
  })
}

test('a server that is away is told without the password, also to Prisma’s client', async () => {
  const store = createStore({ database: NOWHERE })
  const prisma = new PrismaClient({ database: NOWHERE })
  for (const call of [store.users.findAll(), prisma.user.findMany()]) {
    const error = await failure(call)
    assert.match(error.message, /cannot connect to the database/)
    assert.ok(!inspect(error).includes('geheim'))
  }
})

test('the environment names it where the code names no place', (t) => {
  process.env.QUILLTAP_DATABASE_URL = NOWHERE
  t.after(() => delete process.env.QUILLTAP_DATABASE_URL)
  assert.match(inspect(createStore()), /^Store \{ postgresql:\/\/127\.0\.0\.1:1\/app/)
  assert.ok(inspect(createStore({ dataDir: folder() })).includes('strict'))
  assert.throws(() => createStore({ durability: 'batched' }), /durability: expected nothing/)
  process.env.QUILLTAP_DATABASE_URL = 'mysql://ann:geheim@h/app'
  assert.throws(() => createStore(), /^StoreError: .*QUILLTAP_DATABASE_URL: expected 'postgresql:.*got a string$/)
  process.env.QUILLTAP_DATABASE_URL = ''
  assert.ok(inspect(createStore({})).includes('strict'))
})
