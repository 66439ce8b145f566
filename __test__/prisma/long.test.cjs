'use strict'

// Answers that are long: the same as in pages, and never made at one go.

const assert = require('node:assert/strict')
const { after, before, test } = require('node:test')
const { client, play } = require('./support.cjs')

const ROWS = 600
/** What JavaScript makes objects of at one go, at most, in characters: a piece of a list, and the row that ends it. */
const AT_ONE_GO = 80_000

const prisma = client()
const order = { orderBy: { createdAt: 'asc' } }
let id, messages, data

before(async () => {
  const { chat } = await play(prisma)
  ;({ id } = await prisma.chat.create({ data: chat }))
  data = (n) => ({
    chatId: id,
    role: n % 2 ? 'USER' : 'ASSISTANT',
    content: `Zeile ${n}\n${'äöü '.repeat(200)}`,
    rawResponse: { n, text: '\n\n' },
    createdAt: new Date(1_700_000_000_000 + n),
  })
  await prisma.message.createMany({ data: Array.from({ length: ROWS }, (_, n) => data(n)) })
  messages = []
  for (let skip = 0; skip < ROWS; skip += 20)
    messages.push(...(await prisma.message.findMany({ ...order, skip, take: 20 })))
  assert.equal(messages.length, ROWS)
})

after(() => prisma.$disconnect())

/** What a call answers, and the longest text that objects were made of at one go meanwhile. */
async function watched(call) {
  const { parse } = JSON
  let longest = 0
  JSON.parse = (text, ...more) => {
    longest = Math.max(longest, text.length)
    return parse(text, ...more)
  }
  try {
    return { answer: await call(), longest }
  } finally {
    JSON.parse = parse
  }
}

const reads = {
  'a list': [(c) => c.message.findMany(order), () => messages],
  'a list within a record': [
    async (c) => (await c.chat.findUnique({ where: { id }, include: { messages: order } })).messages,
    () => messages,
  ],
  'a list within a list within a record': [
    async (c) =>
      (await c.user.findFirst({ select: { chats: { select: { title: true, messages: order }, take: 1 } } })).chats,
    () => [{ title: 'One', messages }],
  ],
  groups: [
    async (c) => (await c.message.groupBy({ by: ['content', 'createdAt'], orderBy: { createdAt: 'asc' } })).length,
    () => ROWS,
  ],
  'a step of a fluent chain': [(c) => c.chat.findUnique({ where: { id } }).messages(order), () => messages],
}

for (const [name, [call, expected]] of Object.entries(reads)) {
  test(`${name} is whole and right, however often it is asked for, alone and in transactions`, async () => {
    for (const ask of [() => call(prisma), () => call(prisma), () => prisma.$transaction((tx) => call(tx))]) {
      const { answer, longest } = await watched(ask)
      assert.deepEqual(answer, expected())
      assert.ok(longest < AT_ONE_GO, `objects were made of ${longest} characters at one go`)
    }
  })
}

test('so it is for each part of a batch', async () => {
  const { answer, longest } = await watched(() =>
    prisma.$transaction([
      prisma.message.count(),
      prisma.message.findMany(order),
      prisma.message.findUnique({ where: { id: 'none' } }),
      prisma.chat.findMany({ include: { messages: order } }),
      prisma.message.aggregate({ _max: { createdAt: true } }),
    ]),
  )
  assert.equal(answer[0], ROWS)
  assert.deepEqual(answer[1], messages)
  assert.equal(answer[2], null)
  assert.deepEqual(answer[3][0].messages, messages)
  assert.deepEqual(answer[4], { _max: { createdAt: messages.at(-1).createdAt } })
  assert.ok(longest < AT_ONE_GO, `objects were made of ${longest} characters at one go`)
})

test('so it is for what a change tells', async () => {
  const { chat } = await prisma.chat
    .findFirst({ select: { userId: true, characterId: true, connectionProfileId: true } })
    .then((chat) => ({ chat: { ...chat, title: 'Two' } }))
  const made = await prisma.chat.create({ data: chat })
  const many = Array.from({ length: ROWS }, (_, n) => ({ ...data(n), chatId: made.id }))
  const { answer, longest } = await watched(() => prisma.message.createManyAndReturn({ data: many }))
  assert.deepEqual(
    answer.map(({ id, ...row }) => row),
    many.map((row) => ({ tokenCount: null, swipeGroupId: null, swipeIndex: null, ...row })),
  )
  assert.ok(longest < AT_ONE_GO, `objects were made of ${longest} characters at one go`)
  const [deleted] = await prisma.$transaction([
    prisma.chat.delete({ where: { id: made.id }, include: { messages: order } }),
  ])
  assert.equal(deleted.messages.length, ROWS)
  assert.ok(deleted.messages.every(({ createdAt }) => createdAt instanceof Date))
})
