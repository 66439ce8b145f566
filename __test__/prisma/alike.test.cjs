'use strict'

const test = require('node:test')
const assert = require('node:assert')
const { Prisma, client, play } = require('./support.cjs')

/** Calls that differ from one another in one thing: what one is answered is no answer to the next. */
const ALIKE = {
  'a value': [{ where: { title: 'One' } }, { where: { title: 'Two' } }, { where: { title: 'Nobody' } }],
  'two values that run into each other': [
    { where: { title: 'One', contextSummary: ':3:x' } },
    { where: { title: 'One:3', contextSummary: 'x' } },
  ],
  'a text, a number, a flag, nothing': [
    { where: { sillyTavernMetadata: { equals: '1' } } },
    { where: { sillyTavernMetadata: { equals: 1 } } },
    { where: { sillyTavernMetadata: { equals: true } } },
    { where: { sillyTavernMetadata: { equals: Prisma.DbNull } } },
  ],
  'a list and its length': [
    { where: { title: { in: ['One'] } } },
    { where: { title: { in: ['One', 'Two'] } } },
    { where: { title: { in: [] } } },
  ],
  'a time and its text': [
    { where: { createdAt: { gt: new Date(0) } } },
    { where: { createdAt: { gt: '2999-01-01T00:00:00.000Z' } } },
    { where: { createdAt: { gt: new Date('2999-01-01') } } },
  ],
  'a key, and the order of keys': [
    { where: { title: 'One' } },
    { where: { contextSummary: 'One' } },
    { where: { title: 'One' }, select: { id: true, title: true } },
    { where: { title: 'One' }, select: { title: true, id: true } },
    { where: { title: 'One' }, select: { title: true, id: false } },
    { where: { title: 'One' }, omit: { title: true } },
    { where: { title: 'One' }, omit: { title: false } },
  ],
  'what is left out': [{ where: { title: undefined } }, { where: { title: 'Two' } }, { where: {} }, {}, undefined],
  'order and page': [
    { orderBy: { title: 'asc' } },
    { orderBy: { title: 'desc' } },
    { orderBy: [{ title: 'asc' }, { id: 'asc' }] },
    { orderBy: { title: 'asc' }, take: 1 },
    { orderBy: { title: 'asc' }, take: -1 },
    { orderBy: { title: 'asc' }, skip: 1 },
    { orderBy: { title: 'asc' }, take: 0 },
  ],
  'what is asked of relations': [
    { include: { user: true }, orderBy: { title: 'asc' } },
    { include: { user: { select: { email: true } } }, orderBy: { title: 'asc' } },
    { include: { messages: { where: { content: 'Hello' } } }, orderBy: { title: 'asc' } },
    { include: { messages: { where: { content: 'Bye' } } }, orderBy: { title: 'asc' } },
    { include: { _count: { select: { messages: true } } }, orderBy: { title: 'asc' } },
  ],
  'what is asked of relations, said first': [
    { include: { messages: { where: { content: 'Hello' } } }, where: { title: 'One' } },
    { include: { messages: { where: { content: 'One' } } }, where: { title: 'Hello' } },
    { select: { messages: { take: 1 }, title: true }, orderBy: { title: 'asc' }, take: 2 },
    { select: { messages: { take: 2 }, title: true }, orderBy: { title: 'asc' }, take: 1 },
    { skip: 2, take: 1, where: { title: { in: ['"', 'One', 'Two'] } }, orderBy: { title: 'asc' } },
  ],
  'what looks like what stands for a value': [
    { where: { title: '\u{10fffe}quilltap hole 0' } },
    { where: { title: '"' } },
    { where: { title: 'One' }, orderBy: { title: 'asc' } },
  ],
}

async function world(options) {
  const prisma = client(options)
  const { chat, user } = await play(prisma)
  for (const [title, sillyTavernMetadata] of [
    ['One', '1'],
    ['Two', 1],
    ['"', true],
    ['\u{10fffe}quilltap hole 0', { a: [1] }],
  ]) {
    await prisma.chat.create({
      data: { ...chat, title, sillyTavernMetadata, messages: { create: { role: 'USER', content: 'Hello' } } },
    })
  }
  return { prisma, user }
}

test('calls that differ in one thing are not taken for each other, however often they are made', async () => {
  const { prisma } = await world()
  for (const [title, calls] of Object.entries(ALIKE)) {
    const expected = []
    // A transaction reads each call anew.
    for (const args of calls) expected.push(JSON.stringify(await prisma.$transaction((tx) => tx.chat.findMany(args))))
    for (let round = 0; round < 4; round++) {
      for (const [at, args] of calls.entries()) {
        assert.equal(JSON.stringify(await prisma.chat.findMany(args)), expected[at], `${title}, ${at}`)
      }
    }
  }
  await prisma.$disconnect()
})

test('a call that was made before is refused with the same words when it is wrong', async () => {
  const { prisma, user } = await world()
  const wrong = [
    { where: { id: 7 } },
    { where: {} },
    { where: { id: user.id }, select: { id: true }, include: { chats: true } },
    { where: { id: user.id }, include: { name: true } },
    { where: { id: user.id, createdAt: 'yesterday' } },
  ]
  for (const args of wrong) {
    const told = async (db) => (await db.user.findUnique(args).catch((error) => error)).message
    const expected = await prisma.$transaction(told)
    assert.match(expected, /\S/)
    for (let round = 0; round < 3; round++) {
      await prisma.user.findUnique({ where: { id: user.id } })
      assert.equal(await told(prisma), expected)
    }
  }
  await prisma.$disconnect()
})

test('an answer that was given before shares nothing with the one before it', async () => {
  const { prisma, user } = await world()
  const calls = [
    () => prisma.user.findUnique({ where: { id: user.id }, include: { chats: true, _count: true } }),
    () => prisma.chat.findMany({ orderBy: { title: 'asc' }, include: { user: true, messages: true } }),
  ]
  for (const call of calls) {
    const expected = JSON.stringify(await call())
    for (let round = 0; round < 4; round++) {
      const answer = await call()
      assert.equal(JSON.stringify(answer), expected)
      spoil(answer)
    }
  }
  await prisma.$disconnect()
})

/** Changes everything that an answer holds. */
function spoil(value) {
  if (value instanceof Date) return value.setFullYear(1)
  for (const [key, inner] of Object.entries(value)) {
    if (typeof inner === 'object' && inner !== null) spoil(inner)
    else value[key] = 'spoilt'
  }
}
