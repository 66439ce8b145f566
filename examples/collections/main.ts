// Uses what declaration.ts declares; every value below has the type that follows from it.

import assert from 'node:assert/strict'
import { createStore, type CollectionRecord } from 'quilltap-store'
import { collections, fields } from './declaration.js'

type Memory = CollectionRecord<typeof collections.memories>

async function main(dataDir: string): Promise<void> {
  const store = createStore({ dataDir, collections, fields })
  const user = await store.users.create({ email: 'ada@example.org' })
  // Providers became open text.
  const profile = await store.connections.create({
    userId: user.id,
    name: 'Local',
    provider: 'MY_PLUGIN',
    modelName: 'small',
    isCheap: true,
  })
  // Only the name is still required.
  const character = await store.characters.create({ userId: user.id, name: 'Hamlet' })
  const persona = await store.personas.create({ userId: user.id, name: 'Horatio', description: '' })

  const now = new Date()
  const chat = await store.chats.create({
    userId: user.id,
    title: 'Act I',
    participants: [
      {
        id: 'p1',
        type: 'CHARACTER',
        characterId: character.id,
        connectionProfileId: profile.id,
        createdAt: now,
        updatedAt: now,
      },
      { id: 'p2', type: 'PERSONA', personaId: persona.id, displayOrder: 1, createdAt: now, updatedAt: now },
    ],
  })
  assert.equal(chat.participants[0]?.isActive, true)
  const message = await store.chats.addMessage(chat.id, {
    role: 'USER',
    content: 'Who’s there?',
    debugMemoryLogs: ['searched 3 memories'],
  })

  const memory: Memory = await store.memories.create({
    characterId: character.id,
    chatId: chat.id,
    content: 'The ghost walks at midnight.',
    summary: 'A ghost walks.',
    embedding: [0.12, -0.5, 0.33],
    sourceMessageId: message.id,
    source: 'AUTO',
  })
  assert.equal(memory.importance, 0.5)
  const important = await store.memories.findMany({
    where: { characterId: character.id, importance: { gte: 0.5 }, keywords: { isEmpty: true } },
    orderBy: { importance: 'desc' },
    take: 10,
  })
  assert.deepEqual(important, [memory])

  const embedder = await store.embeddingProfiles.create({
    userId: user.id,
    name: 'nomic',
    provider: 'OLLAMA',
    modelName: 'nomic-embed-text',
    isDefault: true,
  })
  await store.users.updateChatSettings(user.id, {
    tagStyles: { ghost: { emoji: '👻', foregroundColor: '#fff', backgroundColor: '#000' } },
    cheapLLMSettings: { strategy: 'PROVIDER_CHEAPEST', embeddingProfileId: embedder.id },
  })

  const tag = await store.tags.create({ userId: user.id, name: 'ghost', quickHide: true })
  const file = await store.files.create({
    userId: user.id,
    sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    originalFilename: 'castle.png',
    mimeType: 'image/png',
    size: 0,
    source: 'UPLOADED',
    category: 'IMAGE',
    linkedTo: [chat.id],
  })
  await store.files.addTag(file.id, tag.id)
  await store.journalEntries.create({ characterId: character.id, text: 'I have seen him.' })
  assert.equal((await store.journalEntries.findByOwner(character.id, { limit: 1 })).length, 1)

  // Relations hold as they do between built-in models.
  await store.embeddingProfiles.delete(embedder.id)
  const settings = await store.users.getChatSettings(user.id)
  assert.equal(settings?.cheapLLMSettings?.embeddingProfileId, null)
  await store.characters.delete(character.id)
  assert.equal(await store.memories.findById(memory.id), null)
  assert.deepEqual(
    (await store.chats.findById(chat.id))?.participants.map((participant) => participant.id),
    ['p2'],
  )
  await store.close()
}

main(process.argv[2] ?? './data').then(
  () => console.log('done'),
  (error: unknown) => {
    console.error(error)
    process.exitCode = 1
  },
)
