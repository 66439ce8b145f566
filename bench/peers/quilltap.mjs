// This package, through its public calls.

import { createRequire } from 'node:module'

const { createStore, QuilltapAdapter } = createRequire(import.meta.url)('../..')

export const classes = { strict: 'durable', batched: 'process' }

export async function open(dir, durability, how) {
  const store = createStore({ dataDir: dir, durability })
  if (how !== 'lazily') await store.open()
  const adapter = QuilltapAdapter(store)
  return {
    seed: async ({ users = [], profiles = [], sessions = [], characters = [], tags = [], chats = [] }) => {
      if (users.length) await store.users.createMany(users)
      if (profiles.length) await store.connections.createMany(profiles)
      if (sessions.length) await store.sessions.createMany(sessions)
      if (characters.length) await store.characters.createMany(characters)
      if (tags.length) await store.tags.createMany(tags)
      if (chats.length) await store.chats.createMany(chats)
      // What is seeded is over and done with, as it is in the others, before anything is measured.
      await store.flush()
    },
    addMessages: (chatId, messages) => store.chats.addMessages(chatId, messages),
    createSession: (session) => adapter.createSession(session),
    getSessionAndUser: (token) => adapter.getSessionAndUser(token),
    updateSession: (sessionToken, expires) => adapter.updateSession({ sessionToken, expires }),
    createCharacter: (character) => store.characters.create(character),
    getCharacter: (id) => store.characters.findById(id),
    listCharacters: (userId) => store.characters.findByUserId(userId),
    createTag: (tag) => store.tags.create(tag),
    listChats: (userId) => store.chats.findByUserId(userId),
    addMessage: (chatId, message) => store.chats.addMessage(chatId, message),
    getMessages: (chatId) => store.chats.getMessages(chatId),
    deleteUser: (id) => store.users.delete(id),
    close: () => store.close(),
  }
}
