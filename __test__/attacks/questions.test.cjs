'use strict'

// What a client may have made of a question that an app passes on: it asks for nothing more, and takes
// nobody long.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { createStore, QuilltapAdapter } = require('../../index.js')
const { PrismaClient } = require('../../prisma.js')
const { failure, folder } = require('../package/support.cjs')

async function open(t) {
  const store = createStore({ dataDir: folder(), durability: 'batched' })
  t.after(() => store.close())
  for (const name of ['ann', 'bob']) await store.users.create({ id: name, email: `${name}@example.org`, name })
  return { store, prisma: new PrismaClient({ store }) }
}

test('a key that JavaScript takes for what stands above an object is a key like any other', async (t) => {
  const { store, prisma } = await open(t)
  const given = (text) => JSON.parse(text.replaceAll('$', '__proto__'))
  const narrow = given('{"$":{"id":"nobody"}}')
  const refused = {
    'a where': () => prisma.user.findMany({ where: narrow }),
    'a where of one': () => prisma.user.findFirst({ where: narrow }),
    'a deletion': () => prisma.user.deleteMany({ where: narrow }),
    'a change': () => prisma.user.updateMany({ where: narrow, data: { name: 'x' } }),
    'a count': () => prisma.user.count({ where: narrow }),
    'a group': () => prisma.user.groupBy({ by: ['name'], where: narrow }),
    'inside a condition': () => prisma.user.findMany({ where: { NOT: { name: given('{"$":{"equals":"ann"}}') } } }),
    'an argument': () => prisma.user.findMany(given('{"$":{"where":{"id":"nobody"}}}')),
    'an order': () => prisma.user.findMany({ orderBy: given('{"$":"asc"}') }),
    'a selection': () => prisma.user.findMany({ select: given('{"id":true,"$":true}') }),
    'an inclusion': () => prisma.user.findMany({ include: given('{"$":true}') }),
    'new values': () => prisma.user.update({ where: { id: 'ann' }, data: given('{"$":{"name":"x"}}') }),
    'a repository’s where': () => store.users.findMany({ where: narrow }),
    'a repository’s order': () => store.users.findMany({ orderBy: given('{"$":"asc"}') }),
  }
  for (const [what, ask] of Object.entries(refused)) {
    assert.match((await failure(ask())).message, /__proto__/, what)
  }
  // In what may be any JSON it is kept, and changes no object.
  const texts = { description: '', personality: '', scenario: '', firstMessage: '' }
  const sillyTavernData = given('{"a":[{"$":1}],"$":{"isAdmin":true}}')
  const data = { userId: 'ann', name: 'Hamlet', ...texts, sillyTavernData }
  const { id } = await prisma.character.create({ data })
  for (const kept of [await prisma.character.findUnique({ where: { id } }), await store.characters.findById(id)]) {
    assert.equal(JSON.stringify(kept.sillyTavernData), JSON.stringify(sillyTavernData))
    assert.equal(kept.sillyTavernData.isAdmin, undefined)
  }
  assert.deepEqual(
    (await store.users.findAll()).map(({ name }) => name),
    ['ann', 'bob'],
  )
})

test('what is as long as somebody makes it is not told whole, and nothing like it is looked for', async (t) => {
  const { store, prisma } = await open(t)
  const long = 'x'.repeat(4_000_000)
  const calls = {
    'a field': () => store.users.findMany({ where: { [long]: 1 } }),
    'a field that is undefined': () => store.users.findMany({ where: { [long]: undefined } }),
    'an option': () => store.users.findMany({ [long]: 1 }),
    'an order': () => store.users.findMany({ orderBy: { [long]: 'asc' } }),
    'a value that is no name': () => store.users.update('ann', { chatSettings: { avatarDisplayMode: long } }),
    'an owner': () => store.tags.create({ userId: long, name: 'n' }),
    'a chat': () => store.chats.addMessage(long, { role: 'USER', content: '' }),
    'a field of Prisma': () => prisma.user.findMany({ where: { [long]: 1 } }),
    'an argument of Prisma': () => prisma.user.findMany({ [long]: 1 }),
    'a selection of Prisma': () => prisma.user.findMany({ select: { [long]: true } }),
    'an inclusion of Prisma': () => prisma.user.findMany({ include: { [long]: true } }),
    'a group of Prisma': () => prisma.user.groupBy({ by: [long] }),
    'a cursor of Prisma': () => prisma.user.findMany({ cursor: { [long]: 'a' } }),
    'an operator of Prisma': () => prisma.user.findMany({ where: { name: { [long]: 'a' } } }),
    'an enumeration of Prisma': () => prisma.connectionProfile.findMany({ where: { provider: long } }),
    'a number of Prisma': () => prisma.user.findMany({ take: BigInt('9'.repeat(5000)) }),
  }
  for (const [what, call] of Object.entries(calls)) {
    const error = await call().then(
      () => undefined,
      (error) => error,
    )
    if (error === undefined) continue
    assert.ok(error.message.length < 33_000, `${what}: ${error.message.length} characters`)
    for (const { path } of error.issues ?? []) assert.ok(path.length <= 1001, what)
  }
})

test('what nests as deep as may be works, and a level more is refused', async (t) => {
  const { store, prisma } = await open(t)
  const nested = (levels, key, within) => (levels === 0 ? within : { [key]: nested(levels - 1, key, within) })
  const texts = { description: '', personality: '', scenario: '', firstMessage: '' }
  const character = (sillyTavernData) => ({ userId: 'ann', name: 'Hamlet', ...texts, sillyTavernData })
  const not = (levels) => nested(levels, 'NOT', { name: 'Ophelia' })
  const account = { userId: 'ann', type: 'oauth', provider: 'p' }
  // A call's arguments, 100 levels with what holds them.
  for (const [what, most, ask] of [
    ['a value', 98, (levels) => store.characters.create(character(nested(levels, 'a', 1)))],
    ['a condition', 97, (levels) => store.characters.count({ where: not(levels) })],
    [
      'what a provider says',
      98,
      (levels) =>
        QuilltapAdapter(store).linkAccount({ ...account, providerAccountId: 'a', more: nested(levels, 'a', 1) }),
    ],
    ['a value of Prisma', 95, (levels) => prisma.character.create({ data: character(nested(levels, 'a', 1)) })],
    ['a condition of Prisma', 95, (levels) => prisma.character.count({ where: not(levels) })],
  ]) {
    await ask(most).catch((error) => assert.fail(`${what}: ${error.message}`))
    for (const levels of [most + 1, 2000]) {
      assert.match((await failure(ask(levels))).message, /at most 100 levels of nesting/, `${what}, ${levels} deep`)
    }
  }
  for (const { sillyTavernData } of await store.characters.findAll()) {
    assert.ok([98, 95].some((levels) => JSON.stringify(sillyTavernData) === JSON.stringify(nested(levels, 'a', 1))))
  }
  assert.equal((await store.characters.findAll()).length, 2)
})
