'use strict'

// Folders to look at: Shakespeare's plays as chats, and one with 200,000 records.

const fs = require('node:fs')
const path = require('node:path')
const { createStore } = require('quilltap-store')
const { folder } = require('../cli/support.cjs')

const shared = path.resolve(__dirname, process.env.PLAY ?? '../../../shared/data/shakespeare.txt')
const scene = path.join(__dirname, '../../examples/nextjs/scenes/the-night-ferry.txt')
const PASSPHRASE = 'a rose by any other name'

/** The speeches of a play: who, and what. */
function speeches() {
  const text = fs.readFileSync(fs.existsSync(shared) ? shared : scene, 'utf8')
  const parts = text.split(/\n\n+/).map((part) => /^([^\n:]+):\n([\s\S]+)$/.exec(part.trim()))
  return parts.filter(Boolean).map(([, who, what]) => ({ who: who.trim(), what }))
}

const words = { description: 'A character of a play.', personality: 'As the play has it.', scenario: 'On the stage.' }

/** A picture that compresses to little: two colours, 64 by 64. */
function picture() {
  const zlib = require('node:zlib')
  const crc = (bytes) => {
    const sum = Buffer.alloc(4)
    sum.writeUInt32BE(zlib.crc32 ? zlib.crc32(bytes) : crcOf(bytes))
    return sum
  }
  const chunk = (type, data) => {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(data.length)
    const body = Buffer.concat([Buffer.from(type), data])
    return Buffer.concat([length, body, crc(body)])
  }
  const head = Buffer.alloc(13)
  head.writeUInt32BE(64, 0)
  head.writeUInt32BE(64, 4)
  head.set([8, 2, 0, 0, 0], 8)
  const rows = Array.from({ length: 64 }, (_, y) =>
    Buffer.from([
      0,
      ...Array.from({ length: 64 }, (_, x) => (((x >> 3) + (y >> 3)) % 2 ? [67, 56, 202] : [251, 191, 36])).flat(),
    ]),
  )
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10])
  return Buffer.concat([
    signature,
    chunk('IHDR', head),
    chunk('IDAT', zlib.deflateSync(Buffer.concat(rows))),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function crcOf(bytes) {
  let crc = ~0
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  }
  return ~crc >>> 0
}

/** The plays as a store: a chat for each of the five who say most, with swipes, events and a picture. */
async function shakespeare() {
  const dataDir = path.join(folder(), 'data')
  const store = createStore({ dataDir, passphrase: PASSPHRASE })
  const said = speeches()
  const counts = new Map()
  for (const { who } of said) counts.set(who, (counts.get(who) ?? 0) + 1)
  const names = [...counts].sort(([, one], [, other]) => other - one).map(([name]) => name)
  const { id: userId } = await store.users.create({
    email: 'will@globe.example',
    name: 'William',
    passwordHash: 'hashed',
  })
  const tags = await store.tags.createMany(['tragedy', 'comedy', 'history'].map((name) => ({ userId, name })))
  const profile = await store.connections.create({ userId, name: 'The Globe', provider: 'OLLAMA', modelName: 'quarto' })
  await store.connections.createApiKey({ userId, provider: 'OPENAI', label: 'Stage door', key: 'sk-the-clear-key' })
  const persona = await store.personas.create({ userId, name: 'The prompter', description: 'Whispers the next line.' })
  const characters = await store.characters.createMany(
    names
      .slice(0, 120)
      .map((name, at) => ({ userId, name, ...words, firstMessage: `Enter ${name}.`, tags: [tags[at % 3].id] })),
  )
  const image = await store.images.put(picture(), { userId, type: 'image', filename: 'globe.png', tags: [] })
  await store.images.put(
    Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>document.title="hacked"</script></svg>'),
    {
      userId,
      type: 'chat_file',
      filename: 'bill.svg',
    },
  )
  const chats = []
  for (const [at, character] of characters.slice(0, 5).entries()) {
    const chat = await store.chats.create({
      userId,
      characterId: character.id,
      personaId: persona.id,
      connectionProfileId: profile.id,
      title: `${character.name} and the others`,
    })
    const share = said.filter((_, number) => number % 5 === at)
    const rows = share.map(({ who, what }) => ({
      role: who === character.name ? 'ASSISTANT' : 'USER',
      content: who === character.name ? what : `${who}: ${what}`,
    }))
    await store.chats.addMessages(chat.id, rows)
    chats.push(chat)
  }
  const [chat] = chats
  await store.chats.addEvent(chat.id, { type: 'context-summary', summary: 'Two households, both alike in dignity.' })
  await store.chats.addMessages(
    chat.id,
    ['To be', 'Or not to be', 'That is the question'].map((content, swipeIndex) => ({
      role: 'ASSISTANT',
      content,
      swipeGroupId: 'soliloquy',
      swipeIndex,
    })),
  )
  await store.chats.addMessage(chat.id, { role: 'USER', content: 'The picture of the house.', attachments: [image.id] })
  await store.close()
  return { dataDir, userId, characters, chat, image, profile, messages: said.length }
}

/** 200,000 chats, as their file has them. */
async function many(count = 200_000) {
  const dataDir = path.join(folder(), 'data')
  const store = createStore({ dataDir })
  const { id: userId } = await store.users.create({ email: 'many@example.org', name: 'Many' })
  const character = await store.characters.create({ userId, name: 'Somebody', ...words, firstMessage: 'Hello' })
  const profile = await store.connections.create({ userId, name: 'p', provider: 'OLLAMA', modelName: 'm' })
  await store.chats.create({
    id: 'first',
    userId,
    characterId: character.id,
    connectionProfileId: profile.id,
    title: 'Chat 0',
  })
  await store.close()
  const file = path.join(dataDir, 'chats/index.jsonl')
  const [header, first] = fs.readFileSync(file, 'utf8').trim().split('\n')
  const row = JSON.parse(first)
  const began = Date.parse('2020-01-01T00:00:00.000Z')
  const rows = Array.from({ length: count }, (_, at) => {
    const time = new Date(began + at * 60_000).toISOString()
    return JSON.stringify({ ...row, id: `chat-${at}`, title: `Chat ${at}`, createdAt: time, updatedAt: time })
  })
  fs.writeFileSync(file, [header, ...rows, ''].join('\n'))
  return { dataDir, userId, count }
}

module.exports = { PASSPHRASE, many, shakespeare }
