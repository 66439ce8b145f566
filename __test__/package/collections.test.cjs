'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { bin, failure, folder, index, install, pack, program, root, run, runFile } = require('./support.cjs')
const { createStore } = require(index)

const notes = { file: 'notes/{id}.json', fields: { title: { type: 'string' } } }

test('every fault of a declaration is told at once, where createStore is called', () => {
  const declare = () =>
    createStore({
      dataDir: folder(),
      collections: {
        open: notes,
        then: notes,
        toString: notes,
        characters: notes,
        notes: { file: 'notes/{id}.json', fields: { title: { type: 'text' } } },
      },
      fields: { Chat: { mood: { type: 'string' } } },
    })
  assert.throws(declare, (error) => {
    assert.equal(error.code, 'VALIDATION')
    const paths = new Set(error.issues.map((issue) => issue.path))
    for (const path of [
      'collections.open',
      'collections.then',
      'collections.toString',
      'collections.characters',
      'collections.notes.fields.title.type',
      'fields.Chat.mood',
    ])
      assert.ok(paths.has(path), path)
    return true
  })
  const undeclared = () => createStore({ collections: { notes: { ...notes, fields: { at: { default: () => 1 } } } } })
  assert.throws(undeclared, { code: 'VALIDATION' })
  assert.throws(() => createStore({ collections: [] }), { code: 'VALIDATION' })
})

test('handles of one process share what they declare, and one that contradicts is refused', async () => {
  const dataDir = folder()
  const plain = createStore({ dataDir })
  await plain.users.create({ email: 'a@example.org' })
  const declaring = createStore({ dataDir, collections: { notes } })
  const seen = []
  plain.on('change', (event) => seen.push(event))
  const note = await declaring.notes.create({ title: 'one' })
  const longer = { ...notes, fields: { ...notes.fields, text: { type: 'string', default: '' } } }
  const more = createStore({ dataDir, collections: { notes: longer } })
  assert.equal((await more.notes.create({ title: 'two' })).text, '')
  assert.equal((await declaring.notes.findAll()).length, 2)
  const other = { ...notes, fields: { title: { type: 'integer' } } }
  const contradiction = createStore({ dataDir, collections: { notes: other } })
  const error = await failure(contradiction.notes.findAll())
  assert.equal(error.code, 'VALIDATION')
  assert.deepEqual(
    error.issues.map((issue) => issue.path),
    ['collections.notes.fields.title'],
  )
  assert.equal(plain.notes, undefined)
  await plain.flush()
  const created = seen.find((event) => event.id === note.id)
  assert.deepEqual(created, { model: 'Notes', collection: 'notes', id: note.id, type: 'create' })
  for (const store of [plain, declaring, more, contradiction]) await store.close()
})

test('a process of its own that declares nothing follows their relations', async () => {
  const dataDir = folder()
  const owned = {
    file: 'owned/owned.jsonl',
    fields: { userId: { type: 'id', references: 'User', onDelete: 'Cascade' } },
  }
  const store = createStore({ dataDir, collections: { owned } })
  const user = await store.users.create({ email: 'a@example.org' })
  await store.owned.create({ userId: user.id })
  const text = `store.users.delete(${JSON.stringify(user.id)}).then(() => store.close())`
  const { code, stderr } = await run(program(dataDir, text))
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
  assert.equal(await store.owned.count(), 0)
  await store.close()
})

test('the example compiles strictly, infers every type, and runs', async () => {
  const project = folder()
  install(pack(folder()), project)
  const types = path.join(project, 'node_modules/@types')
  fs.symlinkSync(path.join(root, 'node_modules/@types'), types)
  const files = ['declaration.ts', 'main.ts'].map((name) => path.join(root, 'examples/collections', name))
  files.push(path.join(__dirname, 'fixtures/types/collections.ts'))
  for (const file of files) fs.copyFileSync(file, path.join(project, path.basename(file)))
  const compilerOptions = {
    strict: true,
    skipLibCheck: false,
    exactOptionalPropertyTypes: true,
    target: 'es2022',
    module: 'node16',
    types: ['node'],
  }
  fs.writeFileSync(path.join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions }))
  const compiled = await runFile(bin('typescript', 'bin/tsc'), ['-p', project], { cwd: project })
  assert.deepEqual({ code: compiled.code, stdout: compiled.stdout }, { code: 0, stdout: '' })
  const dataDir = path.join(project, 'data')
  const done = await runFile(path.join(project, 'main.js'), [dataDir], { cwd: project })
  assert.deepEqual(
    { code: done.code, stdout: done.stdout, stderr: done.stderr },
    { code: 0, stdout: 'done\n', stderr: '' },
  )
  for (const file of ['settings/embedding-profiles.json', 'files/files.jsonl'])
    assert.ok(fs.existsSync(path.join(dataDir, file)), file)
})
