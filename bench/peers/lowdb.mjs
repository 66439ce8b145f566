// lowdb: one object in memory, the whole file written anew for each change, never synced.

import path from 'node:path'
import { JSONFilePreset } from 'lowdb/node'

export const classes = { nosync: 'none' }

export async function open(dir) {
  const empty = { users: [], profiles: [], sessions: [], characters: [], tags: [], chats: [], messages: {} }
  const db = await JSONFilePreset(path.join(dir, 'data.json'), empty)
  const insert = (name) => async (record) => {
    db.data[name].push({ ...record })
    await db.write()
    return { ...record }
  }
  const append = async (chatId, all) => {
    ;(db.data.messages[chatId] ??= []).push(...all)
    const chat = db.data.chats.find(({ id }) => id === chatId)
    chat.messageCount += all.length
    chat.lastMessageAt = all.at(-1).createdAt
    await db.write()
  }
  const copies = (records) => records.map((record) => ({ ...record }))
  return {
    seed: async (world) => {
      for (const [name, records] of Object.entries(world)) db.data[name].push(...records)
      await db.write()
    },
    addMessages: append,
    createSession: insert('sessions'),
    getSessionAndUser: (token) => {
      const session = { ...db.data.sessions.find(({ sessionToken }) => sessionToken === token) }
      const user = { ...db.data.users.find(({ id }) => id === session.userId) }
      session.expires = new Date(session.expires)
      user.emailVerified = new Date(user.emailVerified)
      return { session, user }
    },
    updateSession: async (token, expires) => {
      const session = db.data.sessions.find(({ sessionToken }) => sessionToken === token)
      session.expires = expires.toISOString()
      await db.write()
      return { ...session, expires }
    },
    createCharacter: insert('characters'),
    getCharacter: (wanted) => ({ ...db.data.characters.find(({ id }) => id === wanted) }),
    listCharacters: (owner) => copies(db.data.characters.filter(({ userId }) => userId === owner)),
    createTag: insert('tags'),
    listChats: (owner) => copies(db.data.chats.filter(({ userId }) => userId === owner)),
    addMessage: async (chatId, message) => {
      await append(chatId, [message])
      return { ...message }
    },
    getMessages: (chatId) => copies(db.data.messages[chatId] ?? []),
    close: () => {},
  }
}
