// better-sqlite3: a table a kind, the record as JSON text beside the columns that are looked up by.
// (A column a field is slower here: more values to make, and the lists are JSON all the same.)

import path from 'node:path'
import Database from 'better-sqlite3'

export const classes = { full: 'durable', normal: 'process' }

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS users (id TEXT PRIMARY KEY, email TEXT UNIQUE, data TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS profiles (id TEXT PRIMARY KEY,
    userId TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE, data TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS sessions (token TEXT PRIMARY KEY,
    userId TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE, expires TEXT NOT NULL, data TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS characters (number INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL,
    userId TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE, data TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS tags (number INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL,
    userId TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE, nameLower TEXT NOT NULL, data TEXT NOT NULL,
    UNIQUE (userId, nameLower)) STRICT;
  CREATE TABLE IF NOT EXISTS chats (number INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL,
    userId TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    characterId TEXT NOT NULL REFERENCES characters(id) ON DELETE CASCADE,
    messageCount INTEGER NOT NULL DEFAULT 0, lastMessageAt TEXT, data TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS messages (number INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL,
    chatId TEXT NOT NULL REFERENCES chats(id) ON DELETE CASCADE, data TEXT NOT NULL) STRICT;
  CREATE INDEX IF NOT EXISTS profilesOfUser ON profiles (userId);
  CREATE INDEX IF NOT EXISTS sessionsOfUser ON sessions (userId);
  CREATE INDEX IF NOT EXISTS charactersOfUser ON characters (userId, number);
  CREATE INDEX IF NOT EXISTS chatsOfUser ON chats (userId, number);
  CREATE INDEX IF NOT EXISTS chatsOfCharacter ON chats (characterId);
  CREATE INDEX IF NOT EXISTS messagesOfChat ON messages (chatId, number);
`

export function open(dir, synchronous) {
  const db = new Database(path.join(dir, 'data.sqlite'))
  db.pragma('journal_mode = WAL')
  db.pragma(`synchronous = ${synchronous}`)
  return over(db)
}

/** The calls over a database of this or of another SQLite. */
export function over(db) {
  db.exec('PRAGMA foreign_keys = ON')
  db.exec(SCHEMA)
  const put = {
    user: db.prepare('INSERT INTO users VALUES (?, ?, ?)'),
    profile: db.prepare('INSERT INTO profiles VALUES (?, ?, ?)'),
    session: db.prepare('INSERT INTO sessions VALUES (?, ?, ?, ?)'),
    character: db.prepare('INSERT INTO characters (id, userId, data) VALUES (?, ?, ?)'),
    tag: db.prepare('INSERT INTO tags (id, userId, nameLower, data) VALUES (?, ?, ?, ?)'),
    chat: db.prepare('INSERT INTO chats (id, userId, characterId, data) VALUES (?, ?, ?, ?)'),
    message: db.prepare('INSERT INTO messages (id, chatId, data) VALUES (?, ?, ?)'),
  }
  const get = {
    session: db.prepare(
      'SELECT s.data AS session, s.expires, u.data AS user FROM sessions s JOIN users u ON u.id = s.userId WHERE token = ?',
    ),
    character: db.prepare('SELECT data FROM characters WHERE id = ?').pluck(),
    characters: db.prepare('SELECT data FROM characters WHERE userId = ? ORDER BY number').pluck(),
    chats: db.prepare('SELECT data, messageCount, lastMessageAt FROM chats WHERE userId = ? ORDER BY number'),
    messages: db.prepare('SELECT data FROM messages WHERE chatId = ? ORDER BY number').pluck(),
  }
  const touchSession = db.prepare('UPDATE sessions SET expires = ? WHERE token = ? RETURNING data').pluck()
  const touchChat = db.prepare(
    'UPDATE chats SET messageCount = messageCount + 1, lastMessageAt = max(coalesce(lastMessageAt, @at), @at) WHERE id = @chatId',
  )
  const removeUser = db.prepare('DELETE FROM users WHERE id = ?')

  const write = {
    user: (r) => put.user.run(r.id, r.email, JSON.stringify(r)),
    profile: (r) => put.profile.run(r.id, r.userId, JSON.stringify(r)),
    session: (r) => put.session.run(r.sessionToken, r.userId, r.expires, JSON.stringify(r)),
    character: (r) => put.character.run(r.id, r.userId, JSON.stringify(r)),
    tag: (r) => put.tag.run(r.id, r.userId, r.nameLower, JSON.stringify(r)),
    chat: (r) => put.chat.run(r.id, r.userId, r.characterId, JSON.stringify(r)),
    message: (chatId, r) => {
      put.message.run(r.id, chatId, JSON.stringify(r))
      touchChat.run({ at: r.createdAt, chatId })
    },
  }
  const addMessage = db.transaction((chatId, message) => write.message(chatId, message))
  const addMessages = db.transaction((chatId, messages) => messages.forEach((m) => write.message(chatId, m)))
  const seed = db.transaction(
    ({ users = [], profiles = [], sessions = [], characters = [], tags = [], chats = [] }) => {
      users.forEach(write.user)
      profiles.forEach(write.profile)
      sessions.forEach(write.session)
      characters.forEach(write.character)
      tags.forEach(write.tag)
      chats.forEach(write.chat)
    },
  )
  const chatOf = ({ data, messageCount, lastMessageAt }) => ({ ...JSON.parse(data), messageCount, lastMessageAt })
  return {
    seed,
    addMessages,
    createSession: (session) => {
      write.session(session)
      return { ...session, expires: new Date(session.expires) }
    },
    getSessionAndUser: (token) => {
      const row = get.session.get(token)
      const [session, user] = [JSON.parse(row.session), JSON.parse(row.user)]
      session.expires = new Date(row.expires)
      user.emailVerified = new Date(user.emailVerified)
      return { session, user }
    },
    updateSession: (token, expires) => ({
      ...JSON.parse(touchSession.get(expires.toISOString(), token)),
      expires,
    }),
    createCharacter: (character) => {
      write.character(character)
      return { ...character }
    },
    getCharacter: (id) => JSON.parse(get.character.get(id)),
    listCharacters: (userId) => get.characters.all(userId).map((data) => JSON.parse(data)),
    createTag: (tag) => {
      write.tag(tag)
      return { ...tag }
    },
    listChats: (userId) => get.chats.all(userId).map(chatOf),
    addMessage: (chatId, message) => {
      addMessage(chatId, message)
      return { ...message }
    },
    getMessages: (chatId) => get.messages.all(chatId).map((data) => JSON.parse(data)),
    deleteUser: (id) => removeUser.run(id).changes > 0,
    close: () => db.close(),
  }
}
