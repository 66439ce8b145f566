// The calls over Prisma's client, whatever its database is.

/** JSON columns tell a JSON null from none at all. */
const JSON_FIELDS = ['sillyTavernData', 'sillyTavernMetadata', 'rawResponse']

/** `none` is what a JSON column is given that has no value. */
export function over(prisma, none) {
  const data = (record) => {
    const made = { ...record }
    for (const field of JSON_FIELDS) if (made[field] === null) made[field] = none
    return made
  }
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
