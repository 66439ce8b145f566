// The tables of Better Auth's plugins as collections of the store.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { organization, twoFactor } from 'better-auth/plugins'
import { withAuth } from './adapter.mjs'
import { adapterOn, authOn, failure, folder, signUp, storeFor } from './support.mjs'
import { createStore } from '../../index.js'

const plugins = [twoFactor(), organization()]
const secret = { secret: 's', backupCodes: 'b' }

test('what plugins bring is on the store by name once an adapter has met their schema', async (t) => {
  const store = storeFor(t)
  assert.equal('authTwoFactor' in store, false)
  const auth = authOn(store, { plugins })
  const { user } = await signUp(auth)
  const row = await store.authTwoFactor.create({ ...secret, userId: user.id })
  const { adapter } = await auth.$context
  const where = [{ field: 'userId', value: user.id }]
  assert.equal((await adapter.findOne({ model: 'twoFactor', where })).id, row.id)
  assert.deepEqual(await store.authTwoFactor.findByUserId(user.id), [row])
  assert.equal((await store.authTwoFactor.explain({ where: { userId: user.id } })).by, 'index')
  assert.match(inspect(store), /authTwoFactor/)
})

test('with `withAuth` they are there before anything was asked', async (t) => {
  const store = storeFor(t)
  const db = withAuth(store, authOn(store, { plugins }))
  assert.equal(db, store)
  assert.deepEqual(await db.authOrganization.findMany({ where: { slug: 'a' } }), [])
  for (const [given, of] of [
    [{}, store],
    [undefined, store],
    [{ options: {} }, {}],
  ]) {
    assert.throws(() => withAuth(of, given), { code: 'VALIDATION' }, inspect(given))
  }
})

test('they have types, references, uniques, events and cascades, as collections of the app’s own have', async (t) => {
  const store = storeFor(t)
  const db = withAuth(store, authOn(store, { plugins }))
  const ada = await store.users.create({ email: 'ada@example.test' })
  const events = []
  store.on('change', (event) => events.push(event))
  const row = await db.authTwoFactor.create({ ...secret, userId: ada.id })
  await db.authOrganization.create({ name: 'A', slug: 'a' })
  for (const [code, refused] of [
    ['VALIDATION', () => db.authTwoFactor.create({ ...secret, userId: ada.id, verified: 'yes' })],
    ['VALIDATION', () => db.authTwoFactor.findMany({ where: { userId: undefined } })],
    ['VALIDATION', () => db.authTwoFactor.create(Promise.resolve({}))],
    ['FOREIGN_KEY', () => db.authTwoFactor.create({ ...secret, userId: 'nobody' })],
    ['UNIQUE', () => db.authOrganization.create({ name: 'B', slug: 'a' })],
  ]) {
    assert.equal((await failure(refused())).code, code)
  }
  const upserted = await db.authOrganization.upsert({
    where: { slug: 'a' },
    create: { name: 'C', slug: 'a' },
    update: { name: 'C' },
  })
  assert.equal(upserted.name, 'C')
  await store.users.delete(ada.id)
  assert.equal(await db.authTwoFactor.findById(row.id), null)
  while (!events.some(({ type }) => type === 'delete')) await new Promise(setImmediate)
  const told = events.filter(({ collection }) => collection === 'authTwoFactor').map(({ type, id }) => [type, id])
  assert.deepEqual(told, [
    ['create', row.id],
    ['delete', row.id],
  ])
  assert.deepEqual((await store.check()).faults, [])
})

test('in a transaction they are a part of it, the first one included', async (t) => {
  const store = storeFor(t)
  const db = withAuth(store, authOn(store, { plugins }))
  const broken = db.transaction(async (tx) => {
    await tx.authOrganization.create({ name: 'A', slug: 'a' })
    assert.equal(await tx.authOrganization.count(), 1)
    throw new Error('not this time')
  })
  assert.equal((await failure(broken)).message, 'not this time')
  assert.equal(await db.authOrganization.count(), 0)
  const waits = db.transaction(() => db.authOrganization.create({ name: 'A', slug: 'a' }))
  assert.equal((await failure(waits)).code, 'LOCKED')
})

test('what a store has itself under such a name stays, and another schema’s fields come to the same collection', async (t) => {
  const code = { type: 'string', required: false }
  const coupons = (fields) => ({ plugins: [{ id: 'coupons', schema: { coupon: { fields } } }] })
  const own = { collections: { authNote: { file: 'notes/notes.jsonl', fields: { text: { type: 'string' } } } } }
  const store = storeFor(t, own)
  const kept = store.authNote
  withAuth(store, { options: { plugins: [{ id: 'notes', schema: { note: { fields: { code } } } }] } })
  assert.equal(store.authNote, kept)

  const other = storeFor(t)
  withAuth(other, { options: coupons({ code }) })
  assert.equal((await other.authCoupon.create({ code: 'a' })).code, 'a')
  assert.equal(other.authCoupon.findByUserId, undefined)
  withAuth(other, { options: coupons({ code, userId: { ...code, references: { model: 'user', field: 'id' } } }) })
  const { id: userId } = await other.users.create({ email: 'ada@example.test' })
  await other.authCoupon.create({ code: 'b', userId })
  assert.equal((await other.authCoupon.findByUserId(userId)).length, 1)
})

test('what is the store’s own, tokens and seals do not come with them', async (t) => {
  const dataDir = folder()
  const store = createStore({ dataDir, passphrase: 'correct horse battery', kdf: { kdf: 'pbkdf2-sha256' } })
  t.after(() => store.close())
  const flags = { encryptTokens: true, hashSessionTokens: true }
  const auth = authOn(store, { plugins, advanced: { database: { generateId: 'serial' } } }, flags)
  const { user, token } = await signUp(auth)
  const adapter = await adapterOn(store, { plugins }, flags)
  const tokens = { providerId: 'google', accountId: '7', userId: user.id, accessToken: 'clear token' }
  await adapter.create({ model: 'account', data: tokens })
  const db = withAuth(store, auth)
  const names = Object.keys(db).filter((name) => name.startsWith('auth'))
  assert.deepEqual(names.sort(), [
    'authInvitation',
    'authMember',
    'authOrganization',
    'authTwoFactor',
    'authenticators',
  ])
  const shown = JSON.stringify([await db.sessions.findAll(), await db.accounts.findAll(), await db.users.findAll()])
  for (const hidden of [token, 'clear token', 'signUp']) assert.ok(!shown.includes(hidden), `${hidden} in ${shown}`)
})
