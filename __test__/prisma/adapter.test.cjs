'use strict'

// Auth.js's own adapter for Prisma runs on this client as it does on Prisma's.

const assert = require('node:assert/strict')
const path = require('node:path')
const { test } = require('node:test')
const { pathToFileURL } = require('node:url')
const { client, failure } = require('./support.cjs')

const file = path.join(__dirname, 'adapter/node_modules/@auth/prisma-adapter/index.js')
const person = { name: 'Ada', email: 'ada@example.test', emailVerified: null, image: null }
const later = new Date('2030-01-01T00:00:00.000Z')

async function made() {
  const { PrismaAdapter } = await import(pathToFileURL(file))
  const prisma = client()
  return { prisma, adapter: PrismaAdapter(prisma) }
}

test('a person signs up, is found in every way, changes and goes', async () => {
  const { prisma, adapter } = await made()
  const user = await adapter.createUser({ id: 'ignored', ...person })
  assert.equal(user.email, person.email)
  await adapter.linkAccount({ userId: user.id, type: 'oauth', provider: 'apple', providerAccountId: '1' })
  assert.equal((await adapter.getUser(user.id)).id, user.id)
  assert.equal((await adapter.getUserByEmail(person.email)).id, user.id)
  assert.equal((await adapter.getUserByAccount({ provider: 'apple', providerAccountId: '1' })).id, user.id)
  assert.equal(await adapter.getUserByAccount({ provider: 'apple', providerAccountId: '2' }), null)
  const verified = await adapter.updateUser({ id: user.id, emailVerified: later })
  assert.deepEqual([verified.emailVerified, verified.name], [later, 'Ada'])
  assert.equal((await adapter.getAccount('1', 'apple')).userId, user.id)
  await adapter.unlinkAccount({ provider: 'apple', providerAccountId: '1' })
  assert.equal(await adapter.getUserByAccount({ provider: 'apple', providerAccountId: '1' }), null)
  await adapter.deleteUser(user.id)
  assert.equal(await prisma.user.count(), 0)
  assert.equal((await failure(adapter.deleteUser(user.id))).code, 'P2025')
  await prisma.$disconnect()
})

test('sessions', async () => {
  const { prisma, adapter } = await made()
  const user = await adapter.createUser(person)
  const session = await adapter.createSession({ sessionToken: 't', userId: user.id, expires: later })
  const found = await adapter.getSessionAndUser('t')
  assert.deepEqual([found.session.id, found.user.id, found.session.expires], [session.id, user.id, later])
  assert.equal(await adapter.getSessionAndUser('other'), null)
  const sooner = new Date('2029-01-01T00:00:00.000Z')
  assert.deepEqual((await adapter.updateSession({ sessionToken: 't', expires: sooner })).expires, sooner)
  await adapter.deleteSession('t')
  assert.equal(await adapter.getSessionAndUser('t'), null)
  await prisma.$disconnect()
})

test('a verification token is used once', async () => {
  const { prisma, adapter } = await made()
  const token = { identifier: person.email, token: 'secret', expires: later }
  assert.deepEqual(await adapter.createVerificationToken(token), token)
  assert.deepEqual(await adapter.useVerificationToken({ identifier: person.email, token: 'secret' }), token)
  assert.equal(await adapter.useVerificationToken({ identifier: person.email, token: 'secret' }), null)
  await prisma.$disconnect()
})
