// A process with a store on the folder of argv[2]: does what it is told, and tells what came.
'use strict'

const { createStore, QuilltapAdapter } = require('../..')

const store = createStore({ dataDir: process.argv[2], durability: process.argv[3] ?? 'strict' })
const adapter = QuilltapAdapter(store)
const changes = []
store.on('change', (change) => changes.push(change))

const tell = (message) => process.connected && process.send(message)

const tasks = {
  call: ({ repository, name, args }) => store[repository][name](...args),
  adapter: ({ name, args }) => adapter[name](...args),
  changes: async () => changes,
  compact: () => store.compact(),
  flush: () => store.flush(),
  close: () => store.close(),
  // Adds messages until it is killed, and tells of each that was acknowledged.
  async pour({ chat, from }) {
    for (let number = 0; ; number++) {
      const { id } = await store.chats.addMessage(chat, {
        role: 'USER',
        content: `${from} ${number} ${'x'.repeat(300)}`,
      })
      tell({ acknowledged: id })
    }
  },
  // Writes one number to three files, each time in one transaction, until it is killed.
  async pair({ character, chat }) {
    for (let number = 1; ; number++) {
      const title = String(number)
      await store.transaction(async (tx) => {
        await tx.characters.update(character, { title })
        await tx.chats.update(chat, { title })
        await tx.chats.addMessage(chat, { role: 'USER', content: title })
      })
      tell({ acknowledged: number })
    }
  },
  // Stores one of a few contents and removes the row before it, until it is killed.
  async exchange({ user, from }) {
    for (let number = 0, before; ; number++) {
      const content = Buffer.alloc(50_000, (number + from) % 5)
      const { id } = await store.images.put(content, { userId: user })
      if (before) await store.images.delete(before)
      before = id
      tell({ acknowledged: id })
    }
  },
  // Moves one from each of two tags' names to the other, so that their sum never changes.
  async move({ from, to, times }) {
    for (let time = 0; time < times; time++) {
      await store.transaction(async (tx) => {
        const [one, other] = [await tx.tags.findById(from), await tx.tags.findById(to)]
        await tx.tags.update(from, { count: one.count - 1 })
        await tx.tags.update(to, { count: other.count + 1 })
      })
    }
  },
}

process.on('message', async ({ id, task, ...rest }) => {
  try {
    tell({ id, value: await tasks[task](rest) })
  } catch (error) {
    tell({ id, error: { code: error.code, message: error.message } })
  }
})
