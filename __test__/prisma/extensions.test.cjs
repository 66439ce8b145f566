'use strict'

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { Prisma, client } = require('./support.cjs')

const ada = { data: { email: 'ada@example.test', name: 'Ada' } }

test('computed fields are made when they are read, with what they need', async () => {
  const prisma = client()
  let made = 0
  const extended = prisma.$extends({
    result: {
      user: {
        label: {
          needs: { name: true, email: true },
          compute: (user) => (made++, `${user.name} <${user.email}>`),
        },
        shout: { needs: { label: true }, compute: (user) => user.label.toUpperCase() },
      },
    },
  })
  await prisma.user.create(ada)
  const whole = await extended.user.findFirst()
  assert.equal(made, 0)
  assert.deepEqual([whole.label, whole.label, made], ['Ada <ada@example.test>', 'Ada <ada@example.test>', 1])
  assert.equal(JSON.parse(JSON.stringify(whole)).shout, 'ADA <ADA@EXAMPLE.TEST>')
  const selected = await extended.user.findFirst({ select: { shout: true } })
  assert.deepEqual(Object.keys(selected), ['shout'])
  assert.equal(selected.shout, 'ADA <ADA@EXAMPLE.TEST>')
  const without = await extended.user.findFirst({ omit: { email: true, shout: true } })
  assert.equal(without.label, 'Ada <ada@example.test>')
  assert.equal('email' in without || 'shout' in without, false)
  assert.equal('label' in (await prisma.user.findFirst()), false)
  await prisma.$disconnect()
})

test('functions around queries, the oldest outermost, may change arguments and answers', async () => {
  const prisma = client()
  await prisma.user.createMany({ data: [ada.data, { email: 'bo@example.test', name: 'Bo' }] })
  const steps = []
  const around = (name) => ({
    query: {
      user: {
        async findMany({ model, operation, args, query }) {
          steps.push(`${name} ${model}.${operation}`)
          args.where = { ...args.where, name: 'Ada' }
          const found = await query(args)
          return found.map((user) => ({ ...user, by: name }))
        },
      },
      $allModels: {
        async $allOperations({ operation, args, query }) {
          steps.push(`${name} ${operation}`)
          return query(args)
        },
      },
    },
  })
  const args = { select: { name: true } }
  const found = await prisma.$extends(around('one')).$extends(around('two')).user.findMany(args)
  assert.deepEqual(found, [{ name: 'Ada', by: 'one' }])
  assert.deepEqual(steps, ['one User.findMany', 'one findMany', 'two User.findMany', 'two findMany'])
  assert.deepEqual(args, { select: { name: true } })
  await prisma.$disconnect()
})

test('models and the client get methods, which a transaction has too', async () => {
  const prisma = client().$extends({
    model: {
      user: {
        signUp(email) {
          return Prisma.getExtensionContext(this).create({ data: { email } })
        },
      },
      $allModels: {
        async exists(where) {
          return (await Prisma.getExtensionContext(this).count({ where })) > 0
        },
      },
    },
    client: {
      async $total() {
        return (await this.user.count()) + (await this.chat.count())
      },
    },
  })
  await prisma.user.signUp('a@example.test')
  assert.equal(await prisma.user.exists({ email: 'a@example.test' }), true)
  assert.equal(await prisma.chat.exists({}), false)
  assert.equal(await prisma.$total(), 1)
  const within = await prisma.$transaction(async (tx) => {
    await tx.user.signUp('b@example.test')
    return [await tx.$total(), await prisma.$total()]
  })
  assert.deepEqual(within, [2, 1])
  await prisma.$disconnect()
})

test('promises of an extended client can be in a batch', async () => {
  const prisma = client().$extends({
    query: { $allModels: { $allOperations: ({ args, query }) => query(args) } },
  })
  const [user, count] = await prisma.$transaction([prisma.user.create(ada), prisma.user.count()])
  assert.deepEqual([user.name, count], ['Ada', 1])
  await prisma.$disconnect()
})

test('an extension may be a function, made by Prisma.defineExtension', async () => {
  const named = Prisma.defineExtension({ name: 'hello', client: { $hello: () => 'hello' } })
  const prisma = client().$extends(named)
  assert.equal(prisma.$hello(), 'hello')
  assert.equal(await prisma.user.count(), 0)
  await prisma.$disconnect()
})

test('queries and errors are told to listeners', async () => {
  const prisma = client({
    log: [
      { emit: 'event', level: 'query' },
      { emit: 'event', level: 'error' },
    ],
  })
  const told = []
  prisma.$on('query', (event) => told.push(event))
  prisma.$on('error', (event) => told.push(event))
  await prisma.user.findMany({ where: { name: 'Ada' } })
  await prisma.user.findUniqueOrThrow({ where: { id: 'none' } }).catch(() => {})
  const [query, second] = told.filter((event) => 'query' in event)
  const error = told.find((event) => 'message' in event)
  assert.equal(query.query, 'prisma.user.findMany')
  assert.deepEqual(JSON.parse(query.params).arguments, { where: { name: 'Ada' } })
  assert.ok(query.timestamp instanceof Date && Number.isInteger(query.duration))
  assert.equal(second.query, 'prisma.user.findUniqueOrThrow')
  assert.match(error.message, /No record was found/)
  assert.throws(() => prisma.$on('beforeExit', () => {}), /process/)
  await prisma.$disconnect()
})
