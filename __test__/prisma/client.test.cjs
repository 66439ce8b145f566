'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const Module = require('node:module')
const path = require('node:path')
const { test } = require('node:test')
const { createStore } = require('../../index.js')
const { PrismaClient, Prisma, client, failure, folder, play } = require('./support.cjs')

test('nothing is read or made before somebody waits', async () => {
  const dataDir = folder()
  const prisma = client({ dataDir })
  const promise = prisma.user.create({ data: { email: 'a@example.test' } })
  assert.equal(promise[Symbol.toStringTag], 'PrismaPromise')
  assert.deepEqual(fs.readdirSync(dataDir), [])
  assert.equal(await prisma.user.count(), 0)
  await promise
  await promise
  assert.equal(await prisma.user.count(), 1)
  await prisma.$disconnect()
})

test('after $disconnect the next call opens the store again', async () => {
  const prisma = client()
  await prisma.$connect()
  await prisma.user.create({ data: { email: 'a@example.test' } })
  await prisma.$disconnect()
  assert.equal(await prisma.user.count(), 1)
  await prisma.$disconnect()
})

test('two clients on one folder are one store, and an app may give its own', async () => {
  const store = createStore({ dataDir: folder(), durability: 'batched' })
  const prisma = new PrismaClient({ store })
  const { user } = await play(prisma)
  assert.equal((await store.users.findById(user.id)).email, user.email)
  await prisma.$disconnect()
  assert.equal((await store.users.findAll()).length, 1)
  await store.close()
})

for (const [options, words] of [
  [{ datasourceUrl: 'postgresql://x' }, /datasourceUrl.*no database.*dataDir/],
  [{ adapter: {} }, /adapter.*no database/],
  [{ datasources: { db: { url: 'x' } } }, /datasources.*no database/],
  [{ nope: 1 }, /nope/],
  [{ dataDirr: 'x' }, /did you mean dataDir/],
  [{ errorFormat: 'loud' }, /pretty, colorless, minimal/],
  [{ store: {} }, /a store from createStore/],
  [{ log: 'query' }, /log.*an array/],
]) {
  test(`the option ${Object.keys(options)[0]} is refused with a sentence`, () => {
    assert.throws(
      () => new PrismaClient(options),
      (error) => words.test(error.message),
    )
  })
}

test('SELECT 1 is answered, and other SQL is refused with the call to use', async () => {
  const prisma = client()
  assert.deepEqual(await prisma.$queryRaw`SELECT 1`, [{ '?column?': 1 }])
  assert.deepEqual(await prisma.$queryRaw(Prisma.sql`select 1 as ok`), [{ ok: 1 }])
  assert.deepEqual(await prisma.$queryRawUnsafe('SELECT 1'), [{ '?column?': 1 }])
  for (const asked of [
    prisma.$queryRaw`SELECT * FROM users WHERE id = ${'x'}`,
    prisma.$executeRaw`DELETE FROM users`,
    prisma.$executeRawUnsafe('DELETE FROM users'),
  ]) {
    const error = await failure(asked)
    assert.ok(error instanceof Prisma.PrismaClientUnknownRequestError)
    assert.match(error.message, /no SQL here.*use .*Many/)
  }
  await prisma.$disconnect()
})

test('a known error has the keys that apps send to their clients', async () => {
  const prisma = client({ errorFormat: 'colorless' })
  await prisma.user.create({ data: { email: 'a@example.test' } })
  const error = await failure(prisma.user.create({ data: { email: 'a@example.test' } }))
  assert.ok(error instanceof Prisma.PrismaClientKnownRequestError && error instanceof Error)
  assert.deepEqual(Object.keys(error), ['code', 'meta', 'clientVersion', 'name'])
  assert.equal(error.code, 'P2002')
  assert.match(error.message, /^\nInvalid `prisma\.user\.create\(\)` invocation:/)
  assert.match(error.stack, /client\.test\.cjs/)
  assert.equal(error instanceof Prisma.PrismaClientValidationError, false)
  await prisma.$disconnect()
})

test('a broken file gives an error that says which, and is not written over', async () => {
  const dataDir = folder()
  const first = client({ dataDir })
  const { character } = await play(first)
  await first.$disconnect()
  const file = path.join(dataDir, 'characters', `${character.id}.json`)
  fs.writeFileSync(file, '{ "name": ')
  const prisma = client({ dataDir })
  const error = await failure(prisma.character.findMany())
  assert.ok(error instanceof Prisma.PrismaClientUnknownRequestError)
  assert.match(error.message, new RegExp(`${character.id}\\.json`))
  assert.equal(error.cause.code, 'CORRUPT')
  await prisma.$disconnect()
  assert.equal(fs.readFileSync(file, 'utf8'), '{ "name": ')
})

test('the fluent API goes from a record to its relations', async () => {
  const prisma = client()
  const { user, chat } = await play(prisma)
  const made = await prisma.chat.create({ data: { ...chat, messages: { create: { role: 'USER', content: 'Hi' } } } })
  const messages = await prisma.chat.findUnique({ where: { id: made.id } }).messages({ select: { content: true } })
  assert.deepEqual(messages, [{ content: 'Hi' }])
  const character = await prisma.chat.findFirst({ where: { id: made.id } }).character()
  assert.equal(character.name, 'Bo')
  const owner = await prisma.chat
    .findUnique({ where: { id: made.id } })
    .character()
    .user({ select: { id: true } })
  assert.deepEqual(owner, { id: user.id })
  assert.equal(await prisma.chat.findUnique({ where: { id: 'none' } }).character(), null)
  await prisma.$disconnect()
})

test('omit leaves fields out, of one call or of all', async () => {
  const prisma = client({ omit: { user: { passwordHash: true } } })
  const made = await prisma.user.create({ data: { email: 'a@example.test', passwordHash: 'x' } })
  assert.equal('passwordHash' in made, false)
  const { id } = made
  assert.equal((await prisma.user.findUnique({ where: { id }, omit: { passwordHash: false } })).passwordHash, 'x')
  assert.equal('email' in (await prisma.user.findUnique({ where: { id }, omit: { email: true } })), false)
  await prisma.$disconnect()
})

test('a field can be compared with another', async () => {
  const prisma = client()
  await prisma.user.createMany({
    data: [
      { email: 'a@example.test', name: 'a@example.test' },
      { email: 'b@example.test', name: 'B' },
    ],
  })
  const same = await prisma.user.findMany({
    where: { name: { equals: prisma.user.fields.email } },
    select: { name: true },
  })
  assert.deepEqual(same, [{ name: 'a@example.test' }])
  await prisma.$disconnect()
})

test('an id that others refer to can be changed, and is what it became when the store is opened anew', async () => {
  const dataDir = folder()
  const prisma = client({ dataDir })
  const { user, chat } = await play(prisma)
  await prisma.chat.create({ data: { ...chat, id: 'c1' } })
  const messages = ['one', 'two'].map((content) => ({ id: content, chatId: 'c1', role: 'USER', content }))
  await prisma.message.createMany({ data: messages })
  await prisma.$transaction([
    prisma.chat.update({ where: { id: 'c1' }, data: { id: 'c2' } }),
    prisma.message.create({ data: { id: 'three', chatId: 'c2', role: 'USER', content: 'three' } }),
    prisma.user.update({ where: { id: user.id }, data: { id: 'ada' } }),
  ])
  const told = async () => {
    const [found] = await prisma.chat.findMany({ include: { messages: { orderBy: { id: 'asc' } }, _count: true } })
    return [found.id, found.userId, found.messages.map(({ id, chatId }) => `${id} of ${chatId}`), found._count.messages]
  }
  const expected = ['c2', 'ada', ['one of c2', 'three of c2', 'two of c2'], 3]
  assert.deepEqual(await told(), expected)
  await prisma.$disconnect()
  assert.deepEqual(await told(), expected)
  assert.equal((await prisma.user.findFirst({ include: { characters: true } })).characters.length, 1)
  assert.deepEqual(
    fs.readdirSync(path.join(dataDir, 'chats')).filter((name) => name.startsWith('c')),
    ['c2.jsonl'],
  )
  const taken = await failure(prisma.chat.create({ data: { ...chat, userId: 'ada', id: 'c2' } }))
  assert.equal(taken.code, 'P2002')
  await prisma.$disconnect()
})

test('the schema as data is what Prisma 6.19 says of the same schema', () => {
  const recorded = fs.readFileSync(path.join(__dirname, 'fixtures/datamodel.json'), 'utf8')
  assert.equal(JSON.stringify(Prisma.dmmf.datamodel), JSON.stringify(JSON.parse(recorded)))
  assert.equal(Prisma.dmmf, Prisma.dmmf)
  assert.equal(Object.keys(Prisma).includes('dmmf'), false)
})

test('the files of a message are the rows that name it, whatever the list in the log says', async () => {
  const store = createStore({ dataDir: folder(), durability: 'batched' })
  const prisma = new PrismaClient({ store })
  const { chat } = await play(prisma)
  const { id: chatId } = await prisma.chat.create({ data: chat })
  const file = (messageId) => ({ chatId, messageId, filename: 'a', filepath: 'a', mimeType: 'a/b', size: 1 })
  const [one, two] = await prisma.message.createManyAndReturn({
    data: ['One', 'Two'].map((content) => ({ chatId, role: 'USER', content })),
  })
  const made = await prisma.chatFile.create({ data: file(one.id) })
  const filesOf = async ({ id }) =>
    (await prisma.message.findUnique({ where: { id }, include: { attachments: true } })).attachments.map(({ id }) => id)
  const lists = async () => (await store.chats.getMessages(chatId)).map(({ attachments }) => attachments)
  assert.deepEqual([await filesOf(one), await filesOf(two)], [[made.id], []])
  await prisma.message.update({ where: { id: two.id }, data: { attachments: { connect: { id: made.id } } } })
  assert.deepEqual([await filesOf(one), await filesOf(two)], [[], [made.id]])
  // The list in the log is a column of its own, which Prisma's schema has not.
  assert.deepEqual(await lists(), [[], []])
  await store.chats.updateMessage(chatId, one.id, { attachments: [made.id] })
  assert.deepEqual([await filesOf(one), await filesOf(two)], [[], [made.id]])
  await prisma.message.update({ where: { id: one.id }, data: { content: 'Other' } })
  assert.deepEqual(await lists(), [[made.id], []])
  await prisma.message.delete({ where: { id: two.id } })
  assert.equal((await prisma.chatFile.findUnique({ where: { id: made.id } })).messageId, null)
  await store.close()
})

test('arguments that are nested too deeply are refused as invalid, however deep', async () => {
  const prisma = client()
  const nested = (key, levels) => {
    let made = { id: 'x' }
    for (let level = 0; level < levels; level++) made = { [key]: made }
    return made
  }
  const calls = {
    'a condition': (levels) => prisma.user.findMany({ where: nested('NOT', levels) }),
    'a value': (levels) => prisma.character.findMany({ where: { sillyTavernData: { equals: nested('a', levels) } } }),
    'a batch': (levels) => prisma.$transaction([prisma.user.findMany({ where: nested('NOT', levels) })]),
    'a transaction': (levels) => prisma.$transaction((tx) => tx.user.findMany({ where: nested('NOT', levels) })),
  }
  for (const [title, call] of Object.entries(calls)) {
    assert.deepEqual(await call(90).then(JSON.stringify), title === 'a batch' ? '[[]]' : '[]', title)
    for (const levels of [100, 1000, 100_000]) {
      const error = await failure(call(levels))
      assert.equal(error.name, 'PrismaClientValidationError', `${title} of ${levels} levels: ${error.message}`)
      assert.match(error.message, /nested too deeply/)
    }
  }
  await prisma.$disconnect()
})

test('Prisma.Decimal is the class of decimal.js where the app has it, else a sentence that says so', () => {
  const { withLater } = require('../../lib/prisma/later.js')
  const resolve = Module._resolveFilename
  Module._resolveFilename = (name, ...more) => {
    if (name !== 'decimal.js') return resolve(name, ...more)
    throw Object.assign(new Error('not here'), { code: 'MODULE_NOT_FOUND' })
  }
  try {
    assert.throws(() => withLater({}).Decimal, /decimal\.js, which is not installed/)
  } finally {
    Module._resolveFilename = resolve
  }
  assert.equal(Prisma.Decimal, require('decimal.js').Decimal)
})
