'use strict'

const path = require('node:path')
const { failure, folder, root, run } = require('../package/support.cjs')

const entry = path.join(root, 'prisma.js')
const { PrismaClient, Prisma } = require(entry)

/** A client on a folder of its own; tests wait for no disk, and messages are the bare words. */
function client(options) {
  return new PrismaClient({ dataDir: folder(), durability: 'batched', errorFormat: 'minimal', ...options })
}

/** A user, and what a chat of theirs needs. */
async function play(prisma) {
  const user = await prisma.user.create({ data: { email: 'ada@example.test', name: 'Ada' } })
  const character = await prisma.character.create({
    data: { userId: user.id, name: 'Bo', description: '', personality: '', scenario: '', firstMessage: '' },
  })
  const connectionProfile = await prisma.connectionProfile.create({
    data: { userId: user.id, name: 'local', provider: 'OLLAMA', modelName: 'm' },
  })
  const chat = { userId: user.id, characterId: character.id, connectionProfileId: connectionProfile.id, title: 'One' }
  return { user, character, connectionProfile, chat }
}

module.exports = { PrismaClient, Prisma, client, entry, failure, folder, play, root, run }
