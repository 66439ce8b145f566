'use strict'

// A process of an app that writes to both sides at random, on few rows, so that calls meet. With `faults` its
// store fails and is slow at random. It ends when its standard input does, and tells what the app got.
//
//   node worker.cjs DATABASE DATA_DIR SEED FAULTS

const { createStore } = require('../..')
const { createDualClient } = require('../../prisma.js')
const { PRISMA } = require('../../lib/requests.js')
const { StoreError } = require('../../lib/error.js')
const { realClient } = require('./support.cjs')

const [, , database, dataDir, seed, faults] = process.argv

/** mulberry32: the same numbers for the same seed. */
function random(state) {
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
const next = random(Number(seed))
const below = (count) => Math.floor(next() * count)
const pick = (list) => list[below(list.length)]
const id = (kind, count) => `${kind}-${below(count)}`

/** Makes a store fail and slow at random, below everything that is to bear it. */
function spoil(store) {
  const requests = store[PRISMA]
  for (const name of ['write', 'readLater', 'inside', 'begin']) {
    const call = requests[name]
    requests[name] = async (...args) => {
      if (next() < 0.05) await new Promise((resolve) => setTimeout(resolve, next() * 500))
      if (next() < 0.02) throw new StoreError({ code: 'IO', message: 'a fault on purpose' })
      return call(...args)
    }
  }
}

const words = () => ({ description: 'd', personality: 'p', scenario: 's', firstMessage: `f${below(1000)}` })
const user = () => id('user', 3)
const chat = () => id('chat', 8)
const message = () => id('message', 200)

/** What the app does; each takes a client, or one in a transaction. */
const WORK = {
  upsertUser: (p) => {
    const who = user()
    const update = { name: `n${below(100)}` }
    return p.user.upsert({ where: { id: who }, create: { id: who, email: `${who}@example.org` }, update })
  },
  settings: (p) => {
    const userId = user()
    return p.chatSettings.upsert({
      where: { userId },
      create: { userId, avatarDisplayMode: 'NEVER' },
      update: { avatarDisplayMode: pick(['ALWAYS', 'GROUP_ONLY', 'NEVER']) },
    })
  },
  character: (p) => {
    const which = id('character', 4)
    return p.character.upsert({
      where: { id: which },
      create: { id: which, userId: user(), name: which, ...words(), sillyTavernData: { n: below(9), deep: [null] } },
      update: pick([{ name: `c${below(9)}` }, { isFavorite: next() < 0.5 }, { sillyTavernData: { n: below(9) } }]),
    })
  },
  persona: (p) => {
    const which = id('persona', 3)
    const create = { id: which, userId: user(), name: which, description: 'd' }
    return p.persona.upsert({ where: { id: which }, create, update: { title: `t${below(9)}` } })
  },
  profile: (p) => {
    const which = id('profile', 3)
    const create = { id: which, userId: user(), name: which, provider: 'OPENAI', modelName: 'm' }
    return p.connectionProfile.upsert({ where: { id: which }, create, update: { modelName: `m${below(9)}` } })
  },
  defaults: (p) =>
    p.connectionProfile.updateMany({
      where: { userId: user() },
      data: { isDefault: next() < 0.5, parameters: { t: 1 } },
    }),
  chat: (p) => {
    const [which, by] = [chat(), user()]
    const persona = next() < 0.3 ? { personaId: id('persona', 3) } : {}
    return p.chat.create({
      data: {
        id: which,
        userId: by,
        characterId: id('character', 4),
        connectionProfileId: id('profile', 3),
        title: which,
        ...persona,
        messages: {
          create: [
            { role: 'SYSTEM', content: 'one' },
            { role: 'USER', content: 'two', tokenCount: 2 },
          ],
        },
      },
      include: { messages: true },
    })
  },
  title: (p) => p.chat.update({ where: { id: chat() }, data: { title: `t${below(1000)}` }, select: { title: true } }),
  link: (p) =>
    p.chat.update({
      where: { id: chat() },
      data: { persona: pick([{ disconnect: true }, { connect: { id: id('persona', 3) } }]) },
    }),
  say: (p) =>
    p.message.create({
      data: {
        id: message(),
        chatId: chat(),
        role: 'USER',
        content: `said ${below(1000)}`,
        rawResponse: { a: below(5) },
      },
    }),
  many: (p) =>
    p.message.createMany({
      data: [message(), message()].map((id) => ({
        id,
        chatId: chat(),
        role: 'ASSISTANT',
        content: 'x',
        swipeGroupId: id,
      })),
      skipDuplicates: true,
    }),
  count: (p) => p.message.update({ where: { id: message() }, data: { tokenCount: { increment: 1 } } }),
  reset: (p) => p.message.updateMany({ where: { chatId: chat(), tokenCount: null }, data: { tokenCount: 1 } }),
  hush: (p) =>
    p.message.deleteMany({ where: { chatId: chat(), role: pick(['USER', 'ASSISTANT']), tokenCount: { gt: 2 } } }),
  nested: (p) =>
    p.chat.update({
      where: { id: chat() },
      data: {
        contextSummary: `s${below(100)}`,
        messages: { updateMany: { where: { role: 'SYSTEM' }, data: { content: `sys ${below(10)}` } } },
      },
    }),
  tag: (p) => {
    const [userId, name] = [user(), `tag${below(5)}`]
    return p.tag.upsert({
      where: { userId_nameLower: { userId, nameLower: name } },
      create: { userId, name, nameLower: name, characterTags: { create: [{ characterId: id('character', 4) }] } },
      update: { name: name.toUpperCase() },
    })
  },
  untag: (p) => p.tag.deleteMany({ where: { userId: user(), nameLower: `tag${below(5)}` } }),
  session: (p) =>
    p.session.create({ data: { sessionToken: id('token', 20), userId: user(), expires: new Date(Date.now() + 9e8) } }),
  renew: (p) =>
    p.session.update({
      where: { sessionToken: id('token', 20) },
      data: { expires: new Date(Date.now() + 9e8 + below(9e6)) },
    }),
  signOut: (p) => p.session.delete({ where: { sessionToken: id('token', 20) } }),
  forget: (p) => p.chat.delete({ where: { id: chat() } }),
  leave: (p) =>
    next() < 0.1 ? p.user.delete({ where: { id: user() } }) : p.user.findUnique({ where: { id: user() } }),
  sql: (p) =>
    next() < 0.2
      ? p.$executeRaw`UPDATE "personas" SET "title" = ${`raw${below(9)}`} WHERE "id" = ${id('persona', 3)}`
      : p.$queryRaw`SELECT 1`,
  list: (p) => p.chat.findMany({ where: { userId: user() }, include: { messages: true, persona: true, _count: true } }),
  newest: (p) =>
    p.message.findMany({ where: { chatId: chat() }, orderBy: [{ createdAt: 'desc' }, { id: 'asc' }], take: 5 }),
  groups: (p) => p.message.groupBy({ by: ['role'], _count: true, where: { chatId: chat() } }),
  signedIn: (p) => p.session.findUnique({ where: { sessionToken: id('token', 20) }, include: { user: true } }),
  fluent: (p) => p.character.findUnique({ where: { id: id('character', 4) } }).chats({ orderBy: { id: 'asc' } }),
}
const NAMES = Object.keys(WORK)

/** Sometimes several at once, in both forms of a transaction. */
function act(p) {
  const kind = next()
  const one = () => WORK[pick(NAMES)]
  if (kind < 0.06) return p.$transaction([one()(p), one()(p)])
  if (kind < 0.12) {
    return p.$transaction(async (tx) => {
      await one()(tx)
      await one()(tx)
      if (next() < 0.2) throw new Error('changed my mind')
    })
  }
  return one()(p)
}

async function main() {
  const store = createStore({ dataDir, durability: 'batched', lockTimeout: 1000 })
  if (faults === 'faults') spoil(store)
  const primary = realClient(database)
  const client = createDualClient({ primary, store, mode: 'dual', shadowShare: 0.3, shadowBudget: 300, queue: 200 })
  const told = { calls: 0, refused: {}, strange: [], times: [] }
  let over = false
  process.stdin.on('end', () => (over = true)).resume()
  const loop = async () => {
    while (!over) {
      const began = performance.now()
      try {
        await act(client)
      } catch (error) {
        const code = error.message === 'changed my mind' ? error.message : (error.code ?? error.name)
        told.refused[code] = (told.refused[code] ?? 0) + 1
        // What the app would notice of the store's side.
        if (error instanceof StoreError || /on purpose|quilltap/.test(error.stack ?? '') === true)
          told.strange.push(error.stack)
      }
      told.times.push(performance.now() - began)
      told.calls++
    }
  }
  await Promise.all([loop(), loop(), loop()])
  if (faults !== 'faults') await client.$settled()
  const times = told.times.sort((a, b) => a - b)
  const at = (share) => times[Math.floor(times.length * share)]?.toFixed(1)
  console.log(JSON.stringify({ ...told, times: { median: at(0.5), p99: at(0.99), longest: at(0.9999) } }))
  await client.$disconnect()
  await store.close()
}

main().then(
  () => process.exit(),
  (error) => {
    console.error(error)
    process.exit(1)
  },
)
