'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { createStore } = require('../..')
const { folder } = require('./support.cjs')

test('check tells every fault of a folder, while it is written to', async () => {
  const dataDir = folder()
  const store = createStore({ dataDir })
  const user = await store.users.create({ email: 'a@example.org' })
  const image = await store.images.put(Buffer.from('some text'), { userId: user.id })
  const writing = Array.from({ length: 200 }, (_, number) => store.tags.create({ userId: user.id, name: `${number}` }))
  const report = await store.check()
  await Promise.all(writing)
  assert.deepEqual(report.faults, [])
  assert.equal(report.payloads, 1)
  await store.flush()
  fs.writeFileSync(path.join(dataDir, image.relativePath), 'other text')
  fs.writeFileSync(path.join(dataDir, 'tags', 'notes.txt'), 'mine')
  const { faults } = await store.check()
  assert.deepEqual(faults.map(({ kind, path }) => [kind, path]).sort(), [
    ['payload', image.relativePath],
    ['stranger', 'tags/notes.txt'],
  ])
  assert.equal(faults.find(({ kind }) => kind === 'payload').id, image.id)
  await assert.rejects(
    store.transaction(() => store.check()),
    { code: 'LOCKED' },
  )
  await store.close()
})
