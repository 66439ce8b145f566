'use strict'

const assert = require('node:assert/strict')
const { setTimeout: pause } = require('node:timers/promises')
const { test } = require('node:test')
const { Prisma, client, failure } = require('./support.cjs')

const user = (email) => ({ data: { email } })

test('a batch is one change: all of it, or nothing', async () => {
  const prisma = client()
  const [one, count, many] = await prisma.$transaction([
    prisma.user.create(user('a@example.test')),
    prisma.user.count(),
    prisma.user.findMany({ select: { email: true } }),
  ])
  assert.deepEqual([one.email, count, many], ['a@example.test', 1, [{ email: 'a@example.test' }]])
  const error = await failure(
    prisma.$transaction([prisma.user.create(user('b@example.test')), prisma.user.create(user('a@example.test'))]),
  )
  assert.equal(error.code, 'P2002')
  assert.equal(await prisma.user.count(), 1)
  await prisma.$disconnect()
})

test('what runs already is no part of a batch', async () => {
  const prisma = client()
  const error = await failure(prisma.$transaction([Promise.resolve(1)]))
  assert.match(error.message, /All elements of the array need to be Prisma Client promises/)
  await prisma.$disconnect()
})

test('an interactive transaction sees its own changes, and what throws undoes them', async () => {
  const prisma = client()
  const seen = await prisma.$transaction(
    async (tx) => {
      await tx.user.create(user('a@example.test'))
      return [await tx.user.count(), await prisma.user.count()]
    },
    { isolationLevel: Prisma.TransactionIsolationLevel.Serializable },
  )
  assert.deepEqual(seen, [1, 0])
  await assert.rejects(
    prisma.$transaction(async (tx) => {
      await tx.user.create(user('b@example.test'))
      throw new Error('undo')
    }),
    /undo/,
  )
  assert.equal(await prisma.user.count(), 1)
  await prisma.$disconnect()
})

test('a transaction that takes longer than its timeout is P2028, and leaves nothing', async () => {
  const prisma = client()
  const error = await failure(
    prisma.$transaction(
      async (tx) => {
        await tx.user.create(user('a@example.test'))
        await pause(120)
        await tx.user.create(user('b@example.test'))
      },
      { timeout: 50 },
    ),
  )
  assert.equal(error.code, 'P2028')
  assert.match(error.message, /expired transaction. The timeout for this transaction was 50 ms/)
  assert.equal(await prisma.user.count(), 0)
  await prisma.$disconnect()
})

test('one that cannot begin within maxWait is P2028', async () => {
  const prisma = client()
  let end
  const first = prisma.$transaction((tx) => tx.user.count().then(() => new Promise((resolve) => (end = resolve))))
  while (!end) await pause(5)
  const error = await failure(prisma.$transaction((tx) => tx.user.count(), { maxWait: 30 }))
  assert.equal(error.code, 'P2028')
  assert.match(error.message, /Unable to start a transaction in the given time/)
  end()
  await first
  // The one that was given up holds nobody up.
  assert.equal(await prisma.$transaction((tx) => tx.user.count()), 0)
  await prisma.$disconnect()
})

test("a transaction's client asks nothing once it has ended", async () => {
  const prisma = client()
  let kept
  await prisma.$transaction(async (tx) => void (kept = tx))
  const error = await failure(kept.user.count())
  assert.equal(error.code, 'P2028')
  assert.match(error.message, /committed transaction/)
  assert.equal(kept.$transaction, undefined)
  await prisma.$disconnect()
})

test('a swallowed error of the database spoils the transaction, as on PostgreSQL', async () => {
  const prisma = client()
  await prisma.user.create(user('a@example.test'))
  const error = await failure(
    prisma.$transaction(async (tx) => {
      await tx.user.create(user('b@example.test'))
      await tx.user.create(user('a@example.test')).catch(() => {})
      await tx.user.count()
    }),
  )
  assert.match(error.message, /current transaction is aborted/)
  assert.equal(await prisma.user.count(), 1)
  await prisma.$disconnect()
})

test('a write outside, which would wait for the transaction it is made in, is refused', async () => {
  const prisma = client()
  const error = await failure(prisma.$transaction(() => prisma.user.create(user('a@example.test'))))
  assert.ok(error instanceof Prisma.PrismaClientUnknownRequestError)
  assert.match(error.message, /use the tx that the function is given/)
  await prisma.$disconnect()
})

test('an isolation level that does not exist is refused', async () => {
  const prisma = client()
  const error = await failure(prisma.$transaction((tx) => tx.user.count(), { isolationLevel: 'Nope' }))
  assert.match(error.message, /Invalid isolation level `Nope`/)
  await prisma.$disconnect()
})
