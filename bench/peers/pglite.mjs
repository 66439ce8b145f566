// PGlite: PostgreSQL in WebAssembly, in this process; a table a kind, the record as JSON text beside the columns that
// are looked up by. It never syncs, whatever it is told.

import path from 'node:path'
import { PGlite } from '@electric-sql/pglite'

export const classes = { nosync: 'process' }

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS users (id text PRIMARY KEY, email text UNIQUE, data text NOT NULL);
  CREATE TABLE IF NOT EXISTS profiles (id text PRIMARY KEY, "userId" text NOT NULL REFERENCES users ON DELETE CASCADE,
    data text NOT NULL);
  CREATE TABLE IF NOT EXISTS sessions (token text PRIMARY KEY, "userId" text NOT NULL REFERENCES users ON DELETE CASCADE,
    expires text NOT NULL, data text NOT NULL);
  CREATE TABLE IF NOT EXISTS characters (number bigserial, id text PRIMARY KEY,
    "userId" text NOT NULL REFERENCES users ON DELETE CASCADE, data text NOT NULL);
  CREATE TABLE IF NOT EXISTS tags (id text PRIMARY KEY, "userId" text NOT NULL REFERENCES users ON DELETE CASCADE,
    "nameLower" text NOT NULL, data text NOT NULL, UNIQUE ("userId", "nameLower"));
  CREATE TABLE IF NOT EXISTS chats (number bigserial, id text PRIMARY KEY,
    "userId" text NOT NULL REFERENCES users ON DELETE CASCADE,
    "characterId" text NOT NULL REFERENCES characters ON DELETE CASCADE,
    "messageCount" integer NOT NULL DEFAULT 0, "lastMessageAt" text, data text NOT NULL);
  CREATE TABLE IF NOT EXISTS messages (number bigserial, id text PRIMARY KEY,
    "chatId" text NOT NULL REFERENCES chats ON DELETE CASCADE, data text NOT NULL);
  CREATE INDEX IF NOT EXISTS "profilesOfUser" ON profiles ("userId");
  CREATE INDEX IF NOT EXISTS "sessionsOfUser" ON sessions ("userId");
  CREATE INDEX IF NOT EXISTS "charactersOfUser" ON characters ("userId", number);
  CREATE INDEX IF NOT EXISTS "chatsOfUser" ON chats ("userId", number);
  CREATE INDEX IF NOT EXISTS "chatsOfCharacter" ON chats ("characterId");
  CREATE INDEX IF NOT EXISTS "messagesOfChat" ON messages ("chatId", number);
`
const TOUCH_CHAT = `UPDATE chats SET "messageCount" = "messageCount" + $3,
  "lastMessageAt" = greatest("lastMessageAt", $2) WHERE id = $1`

export async function open(dir) {
  const db = await PGlite.create(path.join(dir, 'pglite'))
  await db.exec(SCHEMA)
  const rows = async (text, values) => (await db.query(text, values)).rows
  const parsed = async (text, values) => (await rows(text, values)).map(({ data }) => JSON.parse(data))
  /** Puts records in portions, whose columns are arrays of one statement. */
  const putMany = async (to, table, columns, records, valuesOf) => {
    const types = columns.map((_, at) => `$${at + 1}::text[]`).join(', ')
    const text = `INSERT INTO ${table} (${columns.map((name) => `"${name}"`).join(', ')}) SELECT * FROM unnest(${types})`
    for (let at = 0; at < records.length; at += 2000) {
      const values = records.slice(at, at + 2000).map(valuesOf)
      await to.query(
        text,
        columns.map((_, column) => values.map((row) => row[column])),
      )
    }
  }
  const put = {
    sessions: [['token', 'userId', 'expires', 'data'], (r) => [r.sessionToken, r.userId, r.expires, JSON.stringify(r)]],
    users: [['id', 'email', 'data'], (r) => [r.id, r.email, JSON.stringify(r)]],
    profiles: [['id', 'userId', 'data'], (r) => [r.id, r.userId, JSON.stringify(r)]],
    characters: [['id', 'userId', 'data'], (r) => [r.id, r.userId, JSON.stringify(r)]],
    tags: [['id', 'userId', 'nameLower', 'data'], (r) => [r.id, r.userId, r.nameLower, JSON.stringify(r)]],
    chats: [['id', 'userId', 'characterId', 'data'], (r) => [r.id, r.userId, r.characterId, JSON.stringify(r)]],
  }
  const one = Object.fromEntries(
    Object.entries(put).map(([table, [columns, valuesOf]]) => {
      const [names, places] = [columns.map((name) => `"${name}"`), columns.map((_, at) => `$${at + 1}`)]
      const text = `INSERT INTO ${table} (${names.join(', ')}) VALUES (${places.join(', ')})`
      return [table, (record) => db.query(text, valuesOf(record))]
    }),
  )
  return {
    seed: (records) =>
      db.transaction(async (to) => {
        for (const table of ['users', 'profiles', 'sessions', 'characters', 'tags', 'chats']) {
          await putMany(to, table, put[table][0], records[table] ?? [], put[table][1])
        }
      }),
    addMessages: (chatId, messages) =>
      db.transaction(async (to) => {
        await putMany(to, 'messages', ['id', 'chatId', 'data'], messages, (r) => [r.id, chatId, JSON.stringify(r)])
        await to.query(TOUCH_CHAT, [chatId, messages.at(-1).createdAt, messages.length])
      }),
    createSession: async (session) => {
      await one.sessions(session)
      return { ...session, expires: new Date(session.expires) }
    },
    getSessionAndUser: async (token) => {
      const text =
        'SELECT s.data AS session, s.expires, u.data AS user FROM sessions s JOIN users u ON u.id = s."userId" WHERE token = $1'
      const [row] = await rows(text, [token])
      const [session, user] = [JSON.parse(row.session), JSON.parse(row.user)]
      session.expires = new Date(row.expires)
      user.emailVerified = new Date(user.emailVerified)
      return { session, user }
    },
    updateSession: async (token, expires) => {
      const text = 'UPDATE sessions SET expires = $1 WHERE token = $2 RETURNING data'
      return { ...(await parsed(text, [expires.toISOString(), token]))[0], expires }
    },
    createCharacter: async (character) => {
      await one.characters(character)
      return { ...character }
    },
    getCharacter: async (id) => (await parsed('SELECT data FROM characters WHERE id = $1', [id]))[0],
    listCharacters: (userId) => parsed('SELECT data FROM characters WHERE "userId" = $1 ORDER BY number', [userId]),
    createTag: async (tag) => {
      await one.tags(tag)
      return { ...tag }
    },
    listChats: async (userId) => {
      const text = 'SELECT data, "messageCount", "lastMessageAt" FROM chats WHERE "userId" = $1 ORDER BY number'
      return (await rows(text, [userId])).map(({ data, ...counted }) => ({ ...JSON.parse(data), ...counted }))
    },
    addMessage: (chatId, message) =>
      db.transaction(async (to) => {
        const values = [message.id, chatId, JSON.stringify(message)]
        await to.query('INSERT INTO messages (id, "chatId", data) VALUES ($1, $2, $3)', values)
        await to.query(TOUCH_CHAT, [chatId, message.createdAt, 1])
        return { ...message }
      }),
    getMessages: (chatId) => parsed('SELECT data FROM messages WHERE "chatId" = $1 ORDER BY number', [chatId]),
    deleteUser: async (id) => (await db.query('DELETE FROM users WHERE id = $1', [id])).affectedRows > 0,
    close: () => db.close(),
  }
}
