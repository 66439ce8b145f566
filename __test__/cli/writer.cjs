'use strict'

// A process that writes the same number to a character, its chat and the chat's log, each time in one
// transaction, and exchanges images, until it is killed.

const path = require('node:path')
const { createStore } = require(path.join(__dirname, '../..'))

const [dataDir, userId, character, chat, seed] = process.argv.slice(2)
const store = createStore({ dataDir })

async function write() {
  for (let number = 1, before; ; number++) {
    const title = String(number)
    await store.transaction(async (tx) => {
      await tx.characters.update(character, { title })
      await tx.chats.update(chat, { title })
      await tx.chats.addMessage(chat, { role: 'USER', content: title })
    })
    const { id } = await store.images.put(Buffer.from(`${seed} ${number % 5}`.repeat(1000)), { userId })
    if (before) await store.images.delete(before)
    before = id
    process.send?.(number)
  }
}

write()
