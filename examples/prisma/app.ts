// What an app asks of Prisma; it is the same before and after the switch.

import { prisma } from './lib/prisma'

/** A user with a character and a profile, in one change. */
async function signUp(email: string) {
  return prisma.user.create({
    data: {
      email,
      profiles: { create: { name: 'local', provider: 'OLLAMA', modelName: 'llama' } },
      characters: {
        create: { name: 'Hamlet', description: 'sees a ghost', personality: '', scenario: '', firstMessage: 'Well?' },
      },
    },
    include: { profiles: true, characters: true },
  })
}

async function startChat(user: Awaited<ReturnType<typeof signUp>>) {
  const [character] = user.characters
  return prisma.chat.create({
    data: {
      userId: user.id,
      characterId: character.id,
      connectionProfileId: user.profiles[0].id,
      title: `A chat with ${character.name}`,
      messages: { create: [{ role: 'ASSISTANT', content: character.firstMessage }] },
    },
  })
}

export async function main() {
  const user = await signUp('ann@example.org')
  const chat = await startChat(user)
  await prisma.$transaction(async (tx) => {
    await tx.message.create({ data: { chatId: chat.id, role: 'USER', content: 'Who is there?' } })
    await tx.chat.update({ where: { id: chat.id }, data: { title: 'Elsinore' } })
  })
  const chats = await prisma.chat.findMany({
    where: { user: { email: 'ann@example.org' } },
    select: {
      title: true,
      character: { select: { name: true } },
      messages: { orderBy: { createdAt: 'asc' }, select: { role: true, content: true } },
      _count: { select: { messages: true } },
    },
  })
  await prisma.$disconnect()
  return chats
}
