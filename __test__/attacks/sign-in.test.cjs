'use strict'

// Who gets in, and as whom, is never up to what a caller passes on from a client.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { createStore, QuilltapAdapter } = require('quilltap-store')
const { PrismaClient } = require('quilltap-store/prisma')
const { failure, folder } = require('../package/support.cjs')

function open(t) {
  const store = createStore({ dataDir: folder(), durability: 'batched' })
  t.after(() => store.close())
  return { store, adapter: QuilltapAdapter(store) }
}

const soon = () => new Date(Date.now() + 60_000)
/** What lets a user be taken up by whoever signs in first: the store's own, and nobody else's. */
const signUp = { at: '2020-01-01T00:00:00.000Z' }

test('the mark of a sign-in that was cut off is never taken from a caller', async (t) => {
  const { store, adapter } = open(t)
  const owned = await adapter.createUser({ email: 'owned@example.org', emailVerified: new Date() })
  const byUpsert = (email) => {
    const user = { email, signUp }
    return store.users.upsert({ where: { email }, create: user, update: { name: 'n', signUp } })
  }
  const ways = {
    create: (email) => store.users.create({ email, signUp }),
    createMany: (email) => store.users.createMany([{ email, signUp }]),
    'upsert that creates': byUpsert,
    'upsert that updates': async (email) => {
      await store.users.create({ email })
      return byUpsert(email)
    },
    update: async (email) => store.users.update((await store.users.create({ email })).id, { signUp }),
    updateUser: async (email) => adapter.updateUser({ id: (await store.users.create({ email })).id, signUp }),
    'updateUser that unverifies': async (email) => {
      const { id } = await adapter.createUser({ email, emailVerified: new Date() })
      return adapter.updateUser({ id, emailVerified: null, signUp })
    },
    transaction: (email) => store.transaction((tx) => tx.users.create({ email, signUp })),
  }
  for (const [name, make] of Object.entries(ways)) {
    const email = `${name.replaceAll(' ', '-')}@example.org`
    await make(email)
    const made = await store.users.findByEmail(email)
    assert.equal(made.signUp, undefined, name)
    assert.equal((await adapter.getUserByEmail(email)).id, made.id, `${name}: it is somebody’s`)
    assert.equal((await failure(adapter.createUser({ email }))).code, 'UNIQUE', `${name}: nobody takes it up`)
  }
  assert.equal((await adapter.getUserByEmail(owned.email)).id, owned.id)
})

test('what a chat’s log says is not taken from a caller', async (t) => {
  const { store } = open(t)
  const { id: userId } = await store.users.create({ email: 'ann@example.org' })
  const texts = { description: '', personality: '', scenario: '', firstMessage: '' }
  const { id: characterId } = await store.characters.create({ userId, name: 'Hamlet', ...texts })
  const profile = await store.connections.create({ userId, name: 'p', provider: 'OLLAMA', modelName: 'm' })
  const claims = { messageCount: 7, lastMessageAt: '2020-01-01T00:00:00.000Z' }
  const data = { userId, characterId, connectionProfileId: profile.id, title: 'Act I', ...claims }
  const { id } = await store.chats.create(data)
  await store.chats.update(id, claims)
  const { messageCount, lastMessageAt } = await store.chats.findById(id)
  assert.deepEqual([messageCount, lastMessageAt ?? null], [0, null])
})

test('the keys of the secrets are not taken from a caller', async (t) => {
  const dataDir = folder()
  const kdf = { memoryKib: 19_456, passes: 2 }
  const store = createStore({ dataDir, durability: 'batched', passphrase: 'correct horse', kdf })
  t.after(() => store.close())
  const { id: userId } = await store.users.create({ email: 'ann@example.org' })
  const { id } = await store.connections.createApiKey({ userId, provider: 'OPENAI', label: 'l', key: 'sk-hers' })
  const kept = async () => {
    await store.flush()
    return JSON.parse(fs.readFileSync(path.join(dataDir, 'settings/general.json'))).encryption
  }
  const before = await kept()
  for (const encryption of [null, {}, { version: 1 }, { ...before, generation: 0 }, { ...before, slots: [] }]) {
    await store.updateSettings({ encryption }).catch(() => {})
    await store.transaction((tx) => tx.updateSettings({ encryption })).catch(() => {})
    assert.deepEqual(await kept(), before, JSON.stringify(encryption))
  }
  await store.secrets.lock()
  await store.secrets.unlock('correct horse')
  assert.equal(await store.connections.revealApiKey(id, userId), 'sk-hers')
})

test('nothing that lets somebody in is empty, by whichever way it comes', async (t) => {
  const { store, adapter } = open(t)
  const { id: userId } = await store.users.create({ email: 'ann@example.org' })
  await adapter.createSession({ sessionToken: 'full', userId, expires: soon() })
  const [{ id }] = await store.sessions.findAll()
  const key = { credentialPublicKey: 'k', counter: 0, credentialDeviceType: 'd', credentialBackedUp: false }
  const token = { identifier: 'ann@example.org', token: 't', expires: soon() }
  const hashing = QuilltapAdapter(store, { hashSessionTokens: true })
  const refused = [
    () => adapter.createSession({ sessionToken: '', userId, expires: soon() }),
    () => hashing.createSession({ sessionToken: '', userId, expires: soon() }),
    () => adapter.createSession({ userId, expires: soon() }),
    () => adapter.createVerificationToken({ ...token, token: '' }),
    () => adapter.createVerificationToken({ ...token, identifier: '' }),
    () => adapter.linkAccount({ userId, type: 'oauth', provider: 'p', providerAccountId: '' }),
    () => adapter.linkAccount({ userId, type: 'oauth', provider: '', providerAccountId: 'a' }),
    () => adapter.getUserByAccount({ provider: 'p', providerAccountId: '' }),
    () => adapter.getUserByAccount({ provider: 'p' }),
    () => adapter.unlinkAccount({ provider: 'p', providerAccountId: null }),
    () => adapter.createAuthenticator({ credentialID: '', userId, providerAccountId: 'a', ...key }),
    () => store.sessions.create({ sessionToken: '', userId, expires: soon() }),
    () => store.sessions.createMany([{ sessionToken: '', userId, expires: soon() }]),
    () => store.sessions.update(id, { sessionToken: '' }),
    () => store.verificationTokens.create({ ...token, token: '' }),
    () => store.accounts.create({ userId, type: 'oauth', provider: 'p', providerAccountId: '' }),
  ]
  for (const call of refused) assert.equal((await failure(call())).code, 'VALIDATION', String(call))
})

test('an empty token, as Prisma’s client takes them and files may hold them, lets nobody in', async (t) => {
  const dataDir = folder()
  let store = createStore({ dataDir })
  const { id: userId } = await store.users.create({ email: 'ann@example.org' })
  const { session, verificationToken } = new PrismaClient({ store })
  for (const sessionToken of ['', 'full']) await session.create({ data: { sessionToken, userId, expires: soon() } })
  await verificationToken.create({ data: { identifier: 'ann@example.org', token: '', expires: soon() } })
  await store.close()
  store = createStore({ dataDir })
  t.after(() => store.close())
  // A browser may send an empty cookie.
  for (const hashSessionTokens of [false, true]) {
    const adapter = QuilltapAdapter(store, { hashSessionTokens })
    assert.equal(await adapter.getSessionAndUser(''), null)
    assert.equal(await adapter.updateSession({ sessionToken: '', expires: soon() }), null)
    assert.equal(await adapter.useVerificationToken({ token: '' }), null)
    assert.equal(await adapter.useVerificationToken({ identifier: 'ann@example.org', token: '' }), null)
    assert.equal((await adapter.getSessionAndUser('full')).user.id, userId)
  }
})
