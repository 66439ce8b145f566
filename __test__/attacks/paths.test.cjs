'use strict'

// What a client sends in place of a file never makes the store read a file of the server.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { pathToFileURL } = require('node:url')
const { createStore } = require('quilltap-store')
const { failure, folder } = require('../package/support.cjs')

async function open(t, options) {
  const store = createStore({ dataDir: folder(), durability: 'batched', ...options })
  t.after(() => store.close())
  const { id: userId } = await store.users.create({ email: 'ann@example.org' })
  const { id } = await store.images.put(Buffer.from('hers'), { userId })
  const kept = async (source) => (await store.images.read((await store.images.put(source, { userId })).id)).toString()
  return { store, userId, id, kept }
}

/** A file of the server's that nobody may get. */
function secret(place = folder()) {
  const file = path.join(place, 'secret.txt')
  fs.writeFileSync(file, 'secret')
  return file
}

test('a string is never a path, whatever it says', async (t) => {
  const { store, userId, id } = await open(t)
  const file = secret()
  const sent = [file, pathToFileURL(file).href, path.relative(process.cwd(), file), '/etc/passwd', '']
  for (const text of sent) {
    for (const put of [
      store.images.put(text, { userId }),
      store.images.putDerived(id, 'thumb.png', text),
      store.transaction((tx) => tx.images.put(text, { userId })),
    ]) {
      const error = await failure(put)
      assert.equal(error.code, 'VALIDATION')
      assert.match(error.message, /source: expected .*\{ path \}.*a string is never taken for a path/)
    }
  }
  assert.equal(await store.images.count(), 1)
})

test('nothing that JSON can hold is a path, but { path } alone', async (t) => {
  const { store, userId } = await open(t)
  const file = secret()
  const { href } = pathToFileURL(file)
  const sent = [
    [file],
    { href },
    { href, protocol: 'file:' },
    { filepath: file },
    { path: file, name: 'a.png' },
    { path: [file] },
    { path: { path: file } },
    { path: '' },
    { path: `${file}\0.png` },
    { path: null },
  ]
  for (const source of sent) {
    assert.equal((await failure(store.images.put(source, { userId }))).code, 'VALIDATION', JSON.stringify(source))
  }
  assert.equal(await store.images.count(), 1)
})

test('only a regular file has bytes', { skip: process.platform !== 'linux' }, async (t) => {
  const { store, userId, kept } = await open(t)
  const place = folder()
  const pipe = path.join(place, 'pipe')
  require('node:child_process').execFileSync('mkfifo', [pipe])
  const none = [place, pipe, '/dev/zero', '/proc/self/environ', '/proc/self/mem', '/sys/kernel/uevent_seqnum']
  for (const file of none) {
    const error = await failure(store.images.put({ path: file }, { userId }))
    assert.equal(error.code, 'IO', file)
    assert.match(error.message, /it is no regular file/)
  }
  assert.equal(await kept({ path: secret() }), 'secret')
})

test('with pathsWithin a file is taken from those folders only, and over no link that leaves them', async (t) => {
  const uploads = path.join(folder(), 'uploads')
  fs.mkdirSync(path.join(uploads, 'deep'), { recursive: true })
  const [outside, inside, deep] = [folder(), uploads, path.join(uploads, 'deep')].map((place) => secret(place))
  const link = (to, name) => {
    fs.symlinkSync(to, path.join(uploads, name))
    return path.join(uploads, name)
  }
  const allowed = [inside, deep, pathToFileURL(deep), path.relative(process.cwd(), inside), link(deep, 'inner')]
  const refused = [
    outside,
    pathToFileURL(outside),
    `${uploads}/../${path.relative(path.dirname(uploads), outside)}`,
    link(outside, 'leaves'),
    path.join(link(path.dirname(outside), 'folder'), 'secret.txt'),
    `${uploads}-beside/secret.txt`,
  ]
  fs.mkdirSync(`${uploads}-beside`)
  secret(`${uploads}-beside`)
  const named = (file) => (file instanceof URL ? file : { path: file })
  const { store, userId, kept } = await open(t, { pathsWithin: [uploads, '/nowhere/at/all'] })
  for (const file of allowed) assert.equal(await kept(named(file)), 'secret', String(file))
  for (const file of refused) {
    const error = await failure(store.images.put(named(file), { userId }))
    assert.equal(error.code, 'VALIDATION', String(file))
    assert.match(error.message, /pathsWithin/)
  }
  const none = await open(t, { pathsWithin: [] })
  assert.equal((await failure(none.store.images.put({ path: inside }, { userId: none.userId }))).code, 'VALIDATION')
  assert.equal(await none.kept(Buffer.from('bytes')), 'bytes')
  assert.throws(() => createStore({ pathsWithin: uploads }), /pathsWithin: expected a list of paths of folders/)
})
