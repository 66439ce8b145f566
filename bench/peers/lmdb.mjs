// lmdb: a record a key; lists are ranges of keys that begin with the owner's id.

import path from 'node:path'
import { open as openLmdb } from 'lmdb'

export const classes = { durable: 'durable' }

export function open(dir) {
  const root = openLmdb({ path: path.join(dir, 'data.lmdb'), maxDbs: 12 })
  const table = (name) => root.openDB({ name })
  const [users, profiles, sessions, characters, tags, chats, messages] = [
    'users',
    'profiles',
    'sessions',
    'characters',
    'tags',
    'chats',
    'messages',
  ].map(table)
  // Owner and number → id, so that lists come in creation order; a tag's name → id, which is unique.
  const [ofUser, tagNames] = [table('ofUser'), table('tagNames')]
  let last = ofUser.getCount()

  // Its documentation: a put resolves when it is committed, `flushed` when the disk has it.
  const durable = async (done) => {
    await done
    await root.flushed
  }
  const put = {
    user: (r) => users.put(r.id, r),
    profile: (r) => profiles.put(r.id, r),
    session: (r) => sessions.put(r.sessionToken, r),
    character: (r) => {
      ofUser.put([r.userId, 'character', ++last], r.id)
      return characters.put(r.id, r)
    },
    tag: (r) => {
      ofUser.put([r.userId, 'tag', ++last], r.id)
      return tags.put(r.id, r)
    },
    chat: (r) => {
      ofUser.put([r.userId, 'chat', ++last], r.id)
      return chats.put(r.id, r)
    },
    message: (chatId, r) => {
      const chat = chats.get(chatId)
      chats.put(chatId, { ...chat, messageCount: chat.messageCount + 1, lastMessageAt: r.createdAt })
      return messages.put([chatId, chat.messageCount], r)
    },
  }
  const list = (table, userId, kind) => {
    const range = { start: [userId, kind, 0], end: [userId, kind, Infinity] }
    return Array.from(ofUser.getRange(range), ({ value }) => table.get(value))
  }
  return {
    seed: ({ users = [], profiles = [], sessions = [], characters = [], tags = [], chats = [] }) =>
      durable(
        root.transaction(() => {
          users.forEach(put.user)
          profiles.forEach(put.profile)
          sessions.forEach(put.session)
          characters.forEach(put.character)
          tags.forEach((tag) => (tagNames.put([tag.userId, tag.nameLower], tag.id), put.tag(tag)))
          chats.forEach(put.chat)
        }),
      ),
    addMessages: (chatId, all) => durable(root.transaction(() => all.forEach((m) => put.message(chatId, m)))),
    createSession: async (session) => {
      await durable(put.session(session))
      return { ...session, expires: new Date(session.expires) }
    },
    getSessionAndUser: (token) => {
      const session = { ...sessions.get(token) }
      const user = { ...users.get(session.userId) }
      session.expires = new Date(session.expires)
      user.emailVerified = new Date(user.emailVerified)
      return { session, user }
    },
    updateSession: async (token, expires) => {
      const session = { ...sessions.get(token), expires: expires.toISOString() }
      await durable(sessions.put(token, session))
      return { ...session, expires }
    },
    createCharacter: async (character) => {
      await durable(root.transaction(() => put.character(character)))
      return { ...character }
    },
    getCharacter: (id) => characters.get(id),
    listCharacters: (userId) => list(characters, userId, 'character'),
    createTag: async (tag) => {
      await durable(
        root.transaction(() => {
          if (tagNames.get([tag.userId, tag.nameLower])) throw new Error('there is such a tag')
          tagNames.put([tag.userId, tag.nameLower], tag.id)
          put.tag(tag)
        }),
      )
      return { ...tag }
    },
    listChats: (userId) => list(chats, userId, 'chat'),
    addMessage: async (chatId, message) => {
      await durable(root.transaction(() => put.message(chatId, message)))
      return { ...message }
    },
    getMessages: (chatId) =>
      Array.from(messages.getRange({ start: [chatId, 0], end: [chatId, Infinity] }), ({ value }) => value),
    deleteUser: (id) =>
      durable(
        root.transaction(() => {
          for (const chat of list(chats, id, 'chat')) {
            for (const key of messages.getKeys({ start: [chat.id, 0], end: [chat.id, Infinity] })) messages.remove(key)
            chats.remove(chat.id)
          }
          for (const character of list(characters, id, 'character')) characters.remove(character.id)
          for (const key of ofUser.getKeys({ start: [id], end: [id, 'z'] })) ofUser.remove(key)
          users.remove(id)
        }),
      ),
    close: () => root.close(),
  }
}
