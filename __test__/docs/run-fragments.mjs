// Runs the fragments of a page, compiled to JavaScript, in their order: `run-fragments.mjs index.js file …`
// The values are those that `app/context.d.ts` declares.

import { pathToFileURL } from 'node:url'

const [index, ...files] = process.argv.slice(2)
const { default: quilltap } = await import(pathToFileURL(index))
const store = quilltap.createStore()
const { id: userId } = await store.users.create({ email: 'ann@example.org' })
const profile = { userId, name: 'p', provider: 'OLLAMA', modelName: 'm' }
const { id: connectionProfileId } = await store.connections.create(profile)
const texts = { description: 'sees a ghost', personality: '', scenario: '', firstMessage: '' }
const { id: characterId } = await store.characters.create({ userId, name: 'Hamlet', ...texts })
const { id: chatId } = await store.chats.create({ userId, characterId, connectionProfileId, title: 'Act I' })
const { id: tagId } = await store.tags.create({ userId, name: 'play' })
const form = new FormData()
form.set('file', new File(['# notes'], 'notes.md', { type: 'text/markdown' }))

Object.assign(globalThis, {
  store,
  dataDir: process.env.DATA_DIR,
  session: { user: { id: userId } },
  request: new Request('http://localhost/', { method: 'POST', body: form }),
  userId,
  characterId,
  connectionProfileId,
  chatId,
  tagId,
  codes: ['aaaa-bbbb', 'cccc-dddd'],
  typed: 'aaaabbbb',
  next: 'a new passphrase',
  readMySecret: async () => 'a passphrase',
})
for (const file of files) await import(pathToFileURL(file))
await store.close()
