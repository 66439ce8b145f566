'use strict'

// Writing to a database and to a store: Prisma's own client on PostgreSQL, and the store beside it.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { before, test } = require('node:test')

const { PRISMA } = require('../../lib/requests.js')
const { createDualClient, dualStatus, PrismaClient } = require('../../prisma.js')
const { createStore, folder, run } = require('../cli/support.cjs')
const { load } = require('./load.cjs')
const { psql, realClient, server } = require('./support.cjs')

let database
before(async () => {
  database = await server()
})

/** Both sides, empty, and a client of both. */
function both(t, name, options = {}) {
  const url = database(name)
  const dataDir = path.join(folder(), 'data')
  const store = createStore({ dataDir, durability: 'batched' })
  const primary = realClient(url)
  const given = { primary, store, mode: 'dual', shadowShare: 1, shadowBudget: 1000, ...options }
  const client = createDualClient(given)
  t.after(async () => {
    await client.$disconnect()
    await store.close()
  })
  const cli = (...args) => run([...args, '--data-dir', dataDir])
  return { url, dataDir, store, primary, client, cli, here: new PrismaClient({ store }) }
}

/** Makes the store fail in every write until it is put back. */
function broken(store) {
  const requests = store[PRISMA]
  const { write } = requests
  requests.write = async () => {
    throw Object.assign(new Error('a fault on purpose'), { code: 'IO' })
  }
  return () => (requests.write = write)
}

const words = { description: 'd', personality: 'p', scenario: 's', firstMessage: 'f' }
const user = { id: 'u', email: 'ann@example.org' }

test('every way to write reaches both sides, with the same ids and times', async (t) => {
  const { url, dataDir, client, cli, here } = both(t, 'writes')
  await client.user.create({ data: user })
  await client.user.update({ where: { email: 'ann@example.org' }, data: { name: 'Ann' } })
  await client.chatSettings.upsert({ where: { userId: 'u' }, create: { userId: 'u' }, update: {} })
  const character = await client.character.create({
    data: { user: { connect: { id: 'u' } }, name: 'Ada', ...words, sillyTavernData: { list: [1, null], text: 'ü' } },
  })
  const profile = { userId: 'u', name: 'p', provider: 'OPENAI', modelName: 'm' }
  await client.connectionProfile.createMany({
    data: [
      { id: 'p', ...profile },
      { ...profile, name: 'q' },
    ],
  })
  await client.connectionProfile.updateMany({ where: { userId: 'u' }, data: { isDefault: true } })
  const chat = await client.chat.create({
    data: {
      userId: 'u',
      characterId: character.id,
      connectionProfileId: 'p',
      title: 'One',
      messages: {
        create: [
          { role: 'SYSTEM', content: 'a' },
          { role: 'USER', content: 'b' },
        ],
      },
    },
    include: { messages: true },
  })
  await client.chat.update({
    where: { id: chat.id },
    data: {
      title: 'Two',
      messages: { updateMany: { where: { role: 'USER' }, data: { content: 'c' } }, deleteMany: { role: 'SYSTEM' } },
    },
  })
  const [tag] = await client.$transaction([
    client.tag.create({ data: { userId: 'u', name: 'x', nameLower: 'x' } }),
    client.tag.create({ data: { userId: 'u', name: 'y', nameLower: 'y' } }),
  ])
  await client.$transaction(async (tx) => {
    await tx.chatTag.create({ data: { chatId: chat.id, tagId: tag.id } })
    await tx.message.update({ where: { id: chat.messages[1].id }, data: { tokenCount: 3 } })
  })
  const given_up = client.$transaction(async (tx) => {
    await tx.tag.create({ data: { userId: 'u', name: 'z', nameLower: 'z' } })
    throw new Error('changed my mind')
  })
  await assert.rejects(given_up, /changed my mind/)
  await client.tag.deleteMany({ where: { nameLower: 'y' } })
  await client.$executeRaw`UPDATE "tags" SET "name" = 'by SQL' WHERE "nameLower" = 'x'`
  await assert.rejects(client.user.create({ data: { email: user.email } }), { code: 'P2002' })
  await client.$settled()

  const theirs = await client.chat.findUnique({ where: { id: chat.id }, include: { messages: true } })
  assert.deepEqual(await here.chat.findUnique({ where: { id: chat.id }, include: { messages: true } }), theirs)
  assert.equal((await here.tag.findFirst()).name, 'by SQL')
  const { writes, waiting, differences } = await dualStatus({ dataDir })
  assert.deepEqual([waiting, differences], [[], []])
  assert.deepEqual([writes.unrepeated, writes.refused, writes.failed], [1, 2, undefined])
  assert.equal(cli('verify', url).code, 0)
})

test('a read that the store is not asked for is counted by why: the time was spent, or too much waits', async (t) => {
  const { dataDir, store, client } = both(t, 'unasked', { queue: 2, shadowBudget: 1e-9 })
  await client.user.create({ data: user })
  await client.$settled()
  const requests = store[PRISMA]
  const { write } = requests
  let goOn
  const goesOn = new Promise((resolve) => (goOn = resolve))
  requests.write = async (...args) => {
    await goesOn
    return write.apply(requests, args)
  }
  // The first is under way and the second waits, which is half of what may wait.
  for (const name of ['one', 'two']) await client.user.update({ where: { id: 'u' }, data: { name } })
  await client.user.findMany()
  requests.write = write
  goOn()
  await client.$settled()
  // The first takes all the time that there is.
  for (let read = 0; read < 3; read++) await client.user.findMany()
  await client.$settled()
  const { reads } = await dualStatus({ dataDir })
  assert.deepEqual(reads, { agreed: 1, unclear: { budget: 2, queue: 1 } })
})

test('reads are compared off the way of the app', async (t) => {
  const { dataDir, client, here } = both(t, 'reads')
  await client.user.create({ data: user })
  await client.tag.createMany({
    data: ['x', 'y', 'z'].map((name) => ({ id: name, userId: 'u', name, nameLower: name })),
  })
  await client.$settled()
  await client.tag.findMany({ where: { userId: 'u' } })
  await client.tag.count()
  await client.tag.findUnique({ where: { id: 'x' } }).user()
  await client.tag.findUnique({ where: { id: 'none' } }).user()
  await assert.rejects(client.tag.findUniqueOrThrow({ where: { id: 'none' } }), { code: 'P2025' })
  await client.$queryRaw`SELECT count(*) FROM "tags"`
  await client.$settled()
  const { reads, differences } = await dualStatus({ dataDir })
  assert.deepEqual(differences, [])
  assert.deepEqual(reads, { agreed: 5, unclear: { sql: 1 } })

  await here.tag.update({ where: { id: 'y' }, data: { name: 'other' } })
  assert.equal((await client.tag.findMany()).find(({ id }) => id === 'y').name, 'y')
  await client.$settled()
  const [found] = (await dualStatus({ dataDir })).differences
  assert.deepEqual(
    [found.model, found.action, found.fields, found.ids],
    ['Tag', 'findMany', ['Tag.name', 'Tag.updatedAt'], ['y']],
  )
  const log = fs.readFileSync(path.join(dataDir, '.dual/log-00000001.jsonl'), 'utf8')
  assert.ok(!log.includes('other') && !log.includes('by SQL'))
})

test('a store that fails is nothing to the app; its rows are copied when it works again', async (t) => {
  const { url, dataDir, client, store, cli } = both(t, 'failing')
  await client.user.create({ data: user })
  await client.$settled()
  const mend = broken(store)
  await client.user.update({ where: { id: 'u' }, data: { name: 'Ann' } })
  await client.tag.create({ data: { id: 't', userId: 'u', name: 't', nameLower: 't' } })
  await client.character.create({ data: { id: 'c', userId: 'u', name: 'Ada', ...words, sillyTavernData: null } })
  await client.$settled()
  const { waiting, mayCutOver } = await dualStatus({ dataDir })
  assert.deepEqual(waiting.map(({ model }) => model).sort(), ['Character', 'Tag', 'User'])
  assert.equal(mayCutOver, false)
  const told = cli('dual', 'status')
  assert.equal(told.code, 1)
  assert.match(told.stdout, /rows wait to be copied/)
  assert.equal(cli('verify', url).code, 1)

  mend()
  for (let n = 0; n < 200 && (await dualStatus({ dataDir })).waitingInAll > 0; n++) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    await client.$settled()
  }
  assert.equal(cli('dual', 'status').code, 1, 'nothing was verified since')
  assert.equal(cli('verify', url).code, 0)
  const clean = cli('dual', 'status')
  assert.equal(clean.code, 0, clean.stdout)
  assert.match(clean.stdout, /^yes/m)
})

test('dual repair makes everything as it is in the database', async (t) => {
  const { url, client, here, cli } = both(t, 'repair')
  await client.user.create({ data: user })
  await client.tag.create({ data: { id: 't', userId: 'u', name: 't', nameLower: 't' } })
  await client.$settled()
  psql(url, '-c', `UPDATE tags SET name = 'behind our back'`)
  await here.tag.create({ data: { id: 'extra', userId: 'u', name: 'e', nameLower: 'e' } })
  assert.equal(cli('dual', 'status').code, 1)
  const repaired = cli('dual', 'repair', url, '--json')
  assert.equal(repaired.code, 0, repaired.stdout + repaired.stderr)
  assert.equal(JSON.parse(repaired.stdout).removed, 1)
  assert.deepEqual(
    (await here.tag.findMany()).map(({ name }) => name),
    ['behind our back'],
  )
  assert.equal(cli('dual', 'status').code, 0)
})

test("the app's own extensions stand above: both sides get what the database is asked", async (t) => {
  const { client, here } = both(t, 'extensions')
  const upper = client.$extends({
    query: {
      tag: {
        create: ({ args, query }) => query({ ...args, data: { ...args.data, name: args.data.name.toUpperCase() } }),
      },
    },
    result: { tag: { shout: { needs: { name: true }, compute: ({ name }) => `${name}!` } } },
    client: { $hello: () => 'hello' },
  })
  await upper.user.create({ data: user })
  const tag = await upper.tag.create({ data: { userId: 'u', name: 'x', nameLower: 'x' } })
  await upper.$settled()
  assert.deepEqual([tag.name, tag.shout, upper.$hello()], ['X', 'X!', 'hello'])
  assert.equal((await here.tag.findFirst()).name, 'X')
})

test('the mode is that of the environment unless it is given', async (t) => {
  const store = createStore({ dataDir: path.join(folder(), 'data') })
  t.after(() => store.close())
  let made = 0
  const primary = () => ({ made: ++made })
  const with_mode = (word, options) => {
    process.env.DATA_BACKEND = word
    try {
      return createDualClient({ primary, store, ...options })
    } finally {
      delete process.env.DATA_BACKEND
    }
  }
  assert.deepEqual(with_mode('prisma'), { made: 1 })
  assert.deepEqual(createDualClient({ primary }), { made: 2 })
  assert.ok(with_mode('json') instanceof PrismaClient)
  assert.equal(made, 2, 'no client of a database that nobody needs')
  assert.deepEqual(with_mode('json', { mode: 'prisma' }), { made: 3 })
  for (const wrong of [
    () => with_mode('both'),
    () => with_mode('json', { store: undefined }),
    () => createDualClient({ mode: 'dual', store }),
  ]) {
    assert.throws(wrong, { code: 'VALIDATION' })
  }
  assert.equal(run(['dual', 'status', '--data-dir', folder()]).code, 3)
})

test(
  'processes that fail, are locked out, slow and killed: in the end both sides are the same',
  { timeout: 300_000 },
  () => load({ seconds: 10, processes: 2, seed: 7 }),
)
