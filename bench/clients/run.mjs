// `npm ci && DATABASE_URL=postgresql://… npm start [-- --rounds 30]`: the same calls of Prisma's client on each
// side, in turns, so that what slows the machine for a while slows all of them. Microseconds.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { strict as assert } from 'node:assert'
import os from 'node:os'
import path from 'node:path'
import * as world from '../world.mjs'
import { objects, syncs } from './limits.mjs'
import { SIDES, inSameDatabase, settings, versions } from './sides.mjs'

const at = process.argv.indexOf('--rounds')
const ROUNDS = at < 0 ? 30 : Number(process.argv[at + 1])
const [SESSIONS, CHARACTERS, CHATS, MESSAGES] = [1000, 200, 200, 100]
const count = (length, make) => Array.from({ length }, (_, number) => make(number))
/** Only what is a column: lists within a record are tables of their own here. */
const row = ({
  personaLinks,
  tags,
  tagLinks,
  avatarOverrides,
  messageCount,
  lastMessageAt,
  type,
  attachments,
  ...rest
}) => Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null))
const userId = world.user().id
const chatIds = count(CHATS, (n) => world.chat(n).id)
/** Made once: making a session takes as long as looking for one. */
const tokens = count(SESSIONS, (n) => world.session(n).sessionToken)
const characterIds = count(CHARACTERS, (n) => world.character(n).id)
const message = (n) => row({ ...world.message(n), chatId: chatIds[Math.floor(n / MESSAGES) % CHATS] })

async function fill(client) {
  const many = async (model, rows) => {
    for (let from = 0; from < rows.length; from += 500)
      await client[model].createMany({ data: rows.slice(from, from + 500) })
  }
  await client.user.create({ data: row(world.user()) })
  await client.connectionProfile.create({ data: row(world.profile()) })
  await many(
    'session',
    count(SESSIONS, (n) => row(world.session(n))),
  )
  await many(
    'tag',
    count(20, (n) => row(world.tag(n))),
  )
  await many(
    'character',
    count(CHARACTERS, (n) => row(world.character(n))),
  )
  await many(
    'characterTag',
    count(2 * CHARACTERS, (n) => ({
      id: world.id('7a9c', n),
      createdAt: world.tag(n).createdAt,
      characterId: characterIds[n >> 1],
      tagId: world.tag(((n >> 1) * 7 + (n & 1)) % 20).id,
    })),
  )
  await many(
    'chat',
    count(CHATS, (n) => row(world.chat(n, n))),
  )
  await many('message', count(CHATS * MESSAGES, message))
}

const newest = { where: { userId }, orderBy: { updatedAt: 'desc' }, take: 20 }
const deep = {
  where: { userId },
  include: {
    character: { include: { tags: { include: { tag: true } } } },
    connectionProfile: true,
    messages: { orderBy: { createdAt: 'desc' }, take: 1 },
    _count: { select: { messages: true } },
  },
}
const bySession = (c, n) => c.session.findUnique({ where: { sessionToken: tokens[n] }, include: { user: true } })
const messagesOf = (c, n) => c.message.findMany({ where: { chatId: chatIds[n] }, orderBy: { createdAt: 'asc' } })
let fresh = 1_000_000
const next = () => ++fresh
/** Title, calls a round, and the call. Those that only read come first. */
const WORKS = [
  ['session by token, with its user', 100, (c, n) => bySession(c, n % 20)],
  ['the same, each of 1,000 sessions in its turn', 100, (c, n) => bySession(c, n % SESSIONS)],
  ['a user by id', 100, (c) => c.user.findUnique({ where: { id: userId } })],
  ['a character by id', 100, (c, n) => c.character.findUnique({ where: { id: characterIds[n % CHARACTERS] } })],
  ['the 20 newest chats', 30, (c) => c.chat.findMany(newest)],
  ['count chats', 50, (c) => c.chat.count({ where: { userId } })],
  ['list 200 characters', 3, (c) => c.character.findMany({ where: { userId }, orderBy: { createdAt: 'asc' } })],
  [
    'characters with a tag',
    10,
    (c, n) =>
      c.character.findMany({
        where: { userId, tags: { some: { tagId: world.tag(n % 20).id } } },
        select: { id: true, name: true },
      }),
  ],
  ['a chat of 100 messages', 10, (c, n) => messagesOf(c, n % CHATS)],
  ['the same, each of 20 chats in its turn', 20, (c, n) => messagesOf(c, n % 20)],
  ['200 chats, an include three deep', 1, (c) => c.chat.findMany(deep)],
  [
    'three reads in a batch',
    20,
    (c) =>
      c.$transaction([
        c.user.findUnique({ where: { id: userId } }),
        c.chat.count({ where: { userId } }),
        c.tag.findMany({ where: { userId } }),
      ]),
  ],
  ['create a session', 20, (c) => c.session.create({ data: row(world.session(next())) })],
  [
    'update a session',
    20,
    (c, n) =>
      c.session.update({
        where: { sessionToken: tokens[n % SESSIONS] },
        data: { expires: new Date(world.later(n)) },
      }),
  ],
  ['create a character', 10, (c) => c.character.create({ data: row(world.character(next())) })],
  ['create a tag', 20, (c) => c.tag.create({ data: row(world.tag(next())) })],
  [
    'add a message and touch its chat',
    10,
    (c, n) => {
      const m = { ...message(0), id: world.message(next()).id }
      return c.$transaction([
        c.message.create({ data: m }),
        c.chat.update({ where: { id: m.chatId }, data: { updatedAt: new Date(world.later(n)) } }),
      ])
    },
  ],
]

/** Works whose answer is a list that takes long to make objects of. */
const LONG = new Set(['list 200 characters', 'a chat of 100 messages'])
const FIRST_WRITE = WORKS.findIndex(([title]) => title === 'create a session')

/** An answer as a text, whatever the order of lists: most have none that was asked for. */
function inAnyOrder(value) {
  if (Array.isArray(value)) return `[${value.map(inAnyOrder).sort()}]`
  if (value === null || typeof value !== 'object' || value instanceof Date) return JSON.stringify(value)
  return `{${Object.entries(value).map(([key, field]) => `${key}:${inAnyOrder(field)}`)}}`
}

/** Fails where a side answers something else than the first. */
async function checkAnswers(sides) {
  for (const [title, , call] of WORKS.slice(0, FIRST_WRITE)) {
    for (const n of [0, 7]) {
      const expected = await call(sides[0].client, n)
      assert.ok(expected.length ?? expected, `${title}: the answer is empty`)
      for (const { title: other, client } of sides.slice(1)) {
        const isSame = inAnyOrder(await call(client, n)) === inAnyOrder(expected)
        assert.ok(isSame, `${title}: ${other} answers something else`)
      }
    }
  }
}

const base = mkdtempSync(path.join(os.tmpdir(), 'quilltap-clients-'))
const sides = []
for (const [number, { title, open }] of SIDES.entries()) {
  const client = await open(path.join(base, `s${number}`))
  await fill(client)
  sides.push({ title, client, times: WORKS.map(() => []) })
}

await checkAnswers(sides)

async function round(side, work, number) {
  const [, calls, call] = WORKS[work]
  for (let n = 0; n < calls; n++) {
    const began = performance.now()
    await call(side.client, number * calls + n)
    side.times[work].push((performance.now() - began) * 1000)
  }
}
/** What nobody can be faster than, where every strict write waits for a sync. */
const limits = {}
for (const [work, [title, , call]] of WORKS.entries()) {
  for (const side of sides) await round(side, work, 0)
  for (const side of sides) side.times[work] = []
  for (let number = 1; number <= ROUNDS; number++) for (const side of sides) await round(side, work, number)
  // Now, for what is written later makes the answers longer.
  if (LONG.has(title)) limits[title] = await objects(await call(sides[0].client, 0), 10 * ROUNDS)
}
const sync = await syncs(base, 40 * ROUNDS)
for (const [title] of WORKS.slice(FIRST_WRITE)) limits[title] = sync

const part = (times, of) => times.toSorted((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * of))]
const shown = (us) => (us >= 100 ? Math.round(us).toLocaleString('en') : us.toFixed(1))
const lines = WORKS.map(([title], work) => {
  const first = part(sides[0].times[work], 0.5)
  const cells = sides.map(({ times }) => {
    const [median, p99] = [part(times[work], 0.5), part(times[work], 0.99)]
    return `${shown(median)} (p99 ${shown(p99)}, ${(median / first).toFixed(median / first < 10 ? 1 : 0)}×)`
  })
  const limit = limits[title] === undefined ? '' : shown(part(limits[title], 0.5))
  return `| ${title} | ${limit} | ${cells.join(' | ')} |`
})
const [cpu] = os.cpus()
const text = [
  `Measured on ${new Date().toISOString().slice(0, 10)}: ${cpu.model}, ${os.cpus().length} processors, load ${os.loadavg()[0].toFixed(1)}, Linux ${os.release()}, Node ${process.versions.node}; ${versions()}; release build.`,
  `PostgreSQL: ${await settings()}. All sides were seen to answer the same.`,
  `Medians of ${ROUNDS} rounds in turns; in brackets p99, and times the median of the first side.`,
  'The limit: `JSON.parse` of the answer and its Dates alone; for writes, a bare awaited `fdatasync` of 600 bytes.',
  '',
  `| µs | limit | ${sides.map(({ title }) => title).join(' | ')} |`,
  `| --- | ---: | ${sides.map(() => '---:').join(' | ')} |`,
  ...lines,
  '',
].join('\n')
writeFileSync(new URL(`../results/${inSameDatabase ? 'database' : 'clients'}.md`, import.meta.url), text)
console.log(text)
for (const { client } of sides) await client.$disconnect()
rmSync(base, { recursive: true, force: true })
