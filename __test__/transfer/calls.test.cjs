'use strict'

// Moving in and out as calls of the package.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { pathToFileURL } = require('node:url')
const { test } = require('node:test')

const { createStore, exportTo, importFrom, verifyAgainst } = require('../..')
const { filled, folder, run } = require('../cli/support.cjs')
const { dump, recorded } = require('./worlds.cjs')

/** A folder with a dump of the recorded rows. */
function world(change = (rows) => rows) {
  const dir = folder()
  const file = path.join(dir, 'dump.sql')
  fs.writeFileSync(file, dump(change(structuredClone(recorded.rows))))
  return { file, dataDir: path.join(dir, 'data'), back: path.join(dir, 'back.sql') }
}

test('a dump comes over, is the same, and goes out again', async () => {
  const { file, dataDir, back } = world()
  const looked = await importFrom(file, { dataDir, dryRun: true })
  assert.deepEqual([looked.written, fs.existsSync(dataDir)], [false, false])
  const heard = []
  const imported = await importFrom(pathToFileURL(file), { dataDir, onProgress: (progress) => heard.push(progress) })
  assert.equal(imported.written, true)
  const users = imported.tables.find(({ table }) => table === 'users')
  assert.equal(users.made, recorded.rows.User.length)
  for (const { what, unit, done } of heard) assert.ok(what && unit && done >= 0)
  const verified = await verifyAgainst(file, { dataDir })
  assert.deepEqual([verified.clean, verified.differences.told], [true, []])
  const exported = await exportTo(back, { dataDir })
  assert.equal(exported.tables.users, recorded.rows.User.length)
  assert.equal((await verifyAgainst(back, { dataDir })).clean, true)
})

test('a file of no chat has no place in the database: it stays behind, is told, and no verification misses it', async () => {
  const { dataDir, userId } = await filled()
  const store = createStore({ dataDir })
  await store.images.put(Buffer.from('notes'), { userId, type: 'chat_file', filename: 'notes.txt' })
  await store.close()
  const [back, all, copy] = ['back.sql', 'all.ndjson', 'copy'].map((name) => path.join(path.dirname(dataDir), name))
  assert.deepEqual((await exportTo(back, { dataDir })).leftOut, { chat_files: 1 })
  assert.equal((await importFrom(back, { dataDir: copy })).written, true)
  for (const source of [back, dataDir])
    assert.equal((await verifyAgainst(source, { dataDir: copy })).clean, true, source)
  assert.equal((await verifyAgainst(back, { dataDir })).clean, true)
  const { leftOut, tables } = await exportTo(all, { dataDir, format: 'ndjson' })
  assert.deepEqual([leftOut, tables.chat_files], [{}, 1])
  for (const out of [`${back}.2`, '-']) {
    const { code, stderr } = run(['export', '--format', 'postgres', '--out', out, '--data-dir', dataDir])
    assert.equal(code, 1)
    assert.match(stderr, /1 of chat_files stay behind: they lack a value that the database demands/)
  }
})

test('what cannot come over is told as values', async () => {
  const { file, dataDir } = world((rows) => {
    rows.User.push({ ...rows.User[0], id: 'twin', email: rows.User[0].email.toUpperCase() })
    return rows
  })
  const { written, problems } = await importFrom(file, { dataDir })
  assert.equal(written, false)
  assert.ok(problems.told.some(({ table, key }) => table === 'users' && key === 'twin'))
  assert.equal(fs.existsSync(dataDir), false)
})

test('a signal gives it up', async () => {
  const { file, dataDir } = world()
  await assert.rejects(importFrom(file, { dataDir, signal: AbortSignal.abort() }), { code: 'CLOSED' })
})

test('arguments that cannot be', async () => {
  const { file, dataDir } = world()
  const wrong = [
    () => importFrom(7, { dataDir }),
    () => importFrom(file, { dataDir, existing: 'merge' }),
    () => importFrom(file, { dataDir, secrets: 'reseal', pepper: '' }),
    () => exportTo(undefined, { dataDir }),
    () => verifyAgainst(file, { dataDir, format: 'ndjson' }),
  ]
  for (const call of wrong) await assert.rejects(call, { code: 'VALIDATION' })
})
