'use strict'

// Places and names that some system has a limit or a meaning of its own for: the store keeps the same everywhere.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { createStore } = require('quilltap-store')
const { filled } = require('../cli/support.cjs')
const { failure, folder } = require('./support.cjs')

const words = { description: 'd', personality: 'p', scenario: 's', firstMessage: 'f' }

async function isWhole(store) {
  await store.flush()
  assert.deepEqual((await store.check()).faults, [])
}

test('a folder whose path is longer than the 260 characters that Windows was made for', async () => {
  let dataDir = path.join(folder(), 'data')
  while (dataDir.length < 300) dataDir = path.join(dataDir, 'a folder of forty characters, as people do')
  const { chat, image } = await filled(dataDir)
  const store = createStore({ dataDir })
  assert.deepEqual(
    (await store.chats.getMessages(chat.id)).map(({ content }) => content),
    ['Hi'],
  )
  assert.equal(fs.readFileSync(await store.images.pathOf(image.id), 'utf8'), 'not really a picture')
  await store.snapshot(`${dataDir} copied`)
  await isWhole(store)
  await store.close()
})

test('names that Windows keeps for itself are no ids and no names of files, on every system', async () => {
  const dataDir = folder()
  const { userId, image } = await filled(dataDir)
  const store = createStore({ dataDir })
  for (const name of ['con', 'AUX', 'nul', 'com1', 'Lpt9']) {
    const id = await failure(store.characters.create({ id: name, userId, name, ...words }))
    const derived = await failure(store.images.putDerived(image.id, `${name}.png`, Buffer.from('small')))
    assert.deepEqual([id.code, derived.code], ['VALIDATION', 'VALIDATION'], name)
    // What a person called it is no name of a file.
    await store.images.put(Buffer.from(name), { userId, filename: `${name}.png` })
  }
  await isWhole(store)
  await store.close()
})

const skip =
  process.platform === 'win32'
    ? false
    : 'a mark of Windows; elsewhere it is a right, and docs/folder.md says what follows'

test('files that are marked read-only are written, replaced and removed', { skip }, async () => {
  const dataDir = folder()
  const { character, chat, image } = await filled(dataDir)
  for (const name of fs.readdirSync(dataDir, { recursive: true })) {
    if (fs.statSync(path.join(dataDir, name)).isFile()) fs.chmodSync(path.join(dataDir, name), 0o444)
  }
  const store = createStore({ dataDir })
  await store.chats.addMessage(chat.id, { role: 'USER', content: 'Ho' })
  await store.characters.update(character.id, { name: 'Bea' })
  assert.equal(await store.images.delete(image.id), true)
  await isWhole(store)
  assert.equal(await store.chats.getMessageCount(chat.id), 2)
  assert.equal(JSON.parse(fs.readFileSync(path.join(dataDir, `characters/${character.id}.json`))).name, 'Bea')
  assert.equal(fs.existsSync(path.join(dataDir, 'binaries', image.sha256)), false)
  await store.close()
})
