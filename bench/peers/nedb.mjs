// nedb: everything in memory, one appended line a change, never synced.

import path from 'node:path'
import { createRequire } from 'node:module'

const Datastore = createRequire(import.meta.url)('@seald-io/nedb')

export const classes = { nosync: 'none' }

export async function open(dir) {
  const load = async (name, ...indexes) => {
    const store = new Datastore({ filename: path.join(dir, `${name}.db`) })
    await store.loadDatabaseAsync()
    for (const index of indexes) await store.ensureIndexAsync(index)
    return store
  }
  const one = (fieldName) => ({ fieldName, unique: true })
  const many = (fieldName) => ({ fieldName })
  const users = await load('users', one('id'), one('email'))
  const profiles = await load('profiles', one('id'))
  const sessions = await load('sessions', one('sessionToken'))
  const characters = await load('characters', one('id'), many('userId'))
  const tags = await load('tags', one('id'), { fieldName: ['userId', 'nameLower'], unique: true })
  const chats = await load('chats', one('id'), many('userId'))
  const messages = await load('messages', one('id'), many('chatId'))
  const addMessage = async (chatId, message) => {
    const made = await messages.insertAsync({ ...message, chatId })
    await chats.updateAsync({ id: chatId }, { $inc: { messageCount: 1 }, $set: { lastMessageAt: message.createdAt } })
    return made
  }
  return {
    seed: async (world) => {
      const stores = { users, profiles, sessions, characters, tags, chats }
      for (const [name, records] of Object.entries(world)) {
        if (records.length) await stores[name].insertAsync(records)
      }
    },
    addMessages: async (chatId, all) => {
      await messages.insertAsync(all.map((message) => ({ ...message, chatId })))
      const set = { $inc: { messageCount: all.length }, $set: { lastMessageAt: all.at(-1).createdAt } }
      await chats.updateAsync({ id: chatId }, set)
    },
    createSession: (session) => sessions.insertAsync({ ...session, expires: new Date(session.expires) }),
    getSessionAndUser: async (token) => {
      const session = await sessions.findOneAsync({ sessionToken: token })
      const user = await users.findOneAsync({ id: session.userId })
      session.expires = new Date(session.expires)
      user.emailVerified = new Date(user.emailVerified)
      return { session, user }
    },
    updateSession: async (sessionToken, expires) => {
      const options = { returnUpdatedDocs: true }
      return (await sessions.updateAsync({ sessionToken }, { $set: { expires } }, options)).affectedDocuments
    },
    createCharacter: (character) => characters.insertAsync(character),
    getCharacter: (id) => characters.findOneAsync({ id }),
    listCharacters: (userId) => characters.findAsync({ userId }),
    createTag: (tag) => tags.insertAsync(tag),
    listChats: (userId) => chats.findAsync({ userId }),
    addMessage,
    getMessages: (chatId) => messages.findAsync({ chatId }),
    close: () => {},
  }
}
