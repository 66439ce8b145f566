// Prisma on PostgreSQL, as the app had it, where a DATABASE_URL is given. What is a folder for the others
// is a schema of that database here. `node peers/prisma.mjs drop` removes them all.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const classes = { on: 'durable', off: 'process' }

const place = new URL('../prisma/', import.meta.url)
const require = createRequire(new URL('package.json', place))
const { Prisma, PrismaClient } = require('@prisma/client')
const { PrismaPg } = require('@prisma/adapter-pg')
const { Client } = require('pg')

const PREFIX = 'quilltap_bench_'
const connectionString = process.env.DATABASE_URL

/** JSON columns tell a JSON null from none at all. */
const JSON_FIELDS = ['sillyTavernData', 'sillyTavernMetadata', 'rawResponse']
const data = (record) => {
  const made = { ...record }
  for (const field of JSON_FIELDS) if (made[field] === null) made[field] = Prisma.DbNull
  return made
}

async function withClient(work) {
  const client = new Client({ connectionString })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

export async function open(dir, synchronousCommit) {
  const schema =
    PREFIX +
    path
      .basename(dir)
      .toLowerCase()
      .replace(/[^a-z0-9]/g, '_')
  const options = `-c synchronous_commit=${synchronousCommit} -c search_path=${schema}`
  // Made once: an app that starts finds its tables.
  const made = path.join(dir, 'schema')
  if (!existsSync(made)) {
    await withClient(async (client) => {
      await client.query(`CREATE SCHEMA ${schema}; SET search_path TO ${schema}`)
      await client.query(readFileSync(new URL('tables.sql', place), 'utf8'))
    })
    writeFileSync(made, schema)
  }
  const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString, options }, { schema }) })
  const oldestFirst = { orderBy: { createdAt: 'asc' } }
  const createMany = async (model, records = []) => {
    for (let at = 0; at < records.length; at += 1000)
      await model.createMany({ data: records.slice(at, at + 1000).map(data) })
  }
  const counted = (chatId, count, lastMessageAt) =>
    prisma.chat.update({ where: { id: chatId }, data: { messageCount: { increment: count }, lastMessageAt } })
  return {
    seed: async ({ users, profiles, sessions, characters, tags, chats }) => {
      await createMany(prisma.user, users)
      await createMany(prisma.connectionProfile, profiles)
      await createMany(prisma.session, sessions)
      await createMany(prisma.character, characters)
      await createMany(prisma.tag, tags)
      await createMany(prisma.chat, chats)
    },
    addMessages: async (chatId, messages) => {
      await createMany(
        prisma.message,
        messages.map((message) => ({ ...message, chatId })),
      )
      await counted(chatId, messages.length, messages.at(-1).createdAt)
    },
    createSession: (session) => prisma.session.create({ data: session }),
    // Two queries and a join in the client, as @auth/prisma-adapter asks.
    getSessionAndUser: async (sessionToken) => {
      const { user, ...session } = await prisma.session.findUnique({ where: { sessionToken }, include: { user: true } })
      return { session, user }
    },
    updateSession: (sessionToken, expires) => prisma.session.update({ where: { sessionToken }, data: { expires } }),
    createCharacter: (character) => prisma.character.create({ data: data(character) }),
    getCharacter: (id) => prisma.character.findUnique({ where: { id } }),
    listCharacters: (userId) => prisma.character.findMany({ where: { userId }, ...oldestFirst }),
    createTag: (tag) => prisma.tag.create({ data: tag }),
    listChats: (userId) => prisma.chat.findMany({ where: { userId }, ...oldestFirst }),
    addMessage: async (chatId, message) => {
      const create = prisma.message.create({ data: data({ ...message, chatId }) })
      return (await prisma.$transaction([create, counted(chatId, 1, message.createdAt)]))[0]
    },
    getMessages: (chatId) => prisma.message.findMany({ where: { chatId }, ...oldestFirst }),
    deleteUser: (id) => prisma.user.delete({ where: { id } }),
    close: () => prisma.$disconnect(),
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url) && process.argv[2] === 'drop') {
  await withClient(async (client) => {
    const found = await client.query('SELECT nspname FROM pg_namespace WHERE starts_with(nspname, $1)', [PREFIX])
    for (const { nspname } of found.rows) await client.query(`DROP SCHEMA "${nspname}" CASCADE`)
  })
  process.stdout.write('null\n')
}
