// Copies of a folder that other processes write to, and copies made without the store.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, beforeEach, test } from 'node:test'
import quilltap from '../../index.js'
import { start as startProcess } from './child.mjs'

const { createStore } = quilltap
const folders = []
let root, dataDir

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'quilltap-'))
  dataDir = join(root, 'data')
  folders.push(root)
})

after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true, maxRetries: 20 }))))

/** A process that does one task until it is ended; `last()` is what it was acknowledged last. */
async function start(task, more) {
  const child = startProcess('worker.cjs', [dataDir])
  let last
  child.on('message', (message) => (last = message.acknowledged ?? last))
  child.send({ id: 1, task, ...more })
  while (last === undefined) await once(child, 'message')
  return { last: () => last, end: async () => (child.kill('SIGKILL'), await once(child, 'exit')) }
}

/** A user with a character, and chats with it. */
async function world(store, chats) {
  const user = await store.users.create({ email: 'a@example.org' })
  const profile = await store.connections.create({ userId: user.id, name: 'p', provider: 'OLLAMA', modelName: 'm' })
  const texts = { description: '', personality: '', scenario: '', firstMessage: '' }
  const character = await store.characters.create({ userId: user.id, name: 'Hamlet', title: '0', ...texts })
  const made = []
  for (let number = 0; number < chats; number++) {
    const of = { userId: user.id, characterId: character.id, connectionProfileId: profile.id, title: '0' }
    made.push(await store.chats.create(of))
  }
  return { user: user.id, character: character.id, chats: made.map((chat) => chat.id) }
}

test('snapshots under writers in other processes open cleanly, whole, and with all that was acknowledged', async () => {
  const store = createStore({ dataDir })
  const { character, chats } = await world(store, 2)
  const pair = await start('pair', { character, chat: chats[0] })
  const pour = await start('pour', { chat: chats[1], from: 'pour' })
  for (let round = 0; round < 12; round++) {
    const place = join(root, `snapshot-${round}`)
    const [number, message] = [pair.last(), pour.last()]
    await store.snapshot(place)
    assert.deepEqual((await readdir(place)).includes('journal'), false)
    const copy = createStore({ dataDir: place })
    assert.deepEqual((await copy.stats()).faults, [])
    const { title } = await copy.characters.findById(character)
    const chat = await copy.chats.findById(chats[0])
    const messages = await copy.chats.getMessages(chats[0])
    assert.equal(chat.title, title)
    assert.equal(messages.at(-1).content, title)
    assert.equal(messages.length, Number(title))
    assert.equal(chat.messageCount, messages.length)
    assert.ok(Number(title) >= number, `${title} of ${number}`)
    const poured = await copy.chats.getMessages(chats[1])
    assert.ok(poured.some(({ id }) => id === message))
    assert.equal((await copy.chats.findById(chats[1])).messageCount, poured.length)
    await copy.close()
  }
  await Promise.all([pair.end(), pour.end()])
  await store.close()
})

test('in a snapshot every image has its bytes, while others put and delete them', async () => {
  const store = createStore({ dataDir })
  const { user } = await world(store, 0)
  const writers = await Promise.all([0, 2].map((from) => start('exchange', { user, from })))
  let images = 0
  for (let round = 0; round < 12; round++) {
    const place = join(root, `snapshot-${round}`)
    await store.snapshot(place)
    const copy = createStore({ dataDir: place })
    for (const { id, size } of await copy.images.findMany({})) {
      assert.equal((await copy.images.read(id)).length, size)
      images++
    }
    await copy.close()
  }
  assert.ok(images > 12, `${images} images`)
  await Promise.all(writers.map((writer) => writer.end()))
  await store.close()
})

test('a snapshot is its own: modes, no links to what is edited, and writers go on meanwhile', async () => {
  const store = createStore({ dataDir })
  const { character, chats } = await world(store, 1)
  await mkdir(join(dataDir, '.git'))
  await writeFile(join(dataDir, 'NOTES.md'), 'mine')
  const payload = join('binaries', 'ab'.repeat(32), 'raw')
  await mkdir(join(dataDir, payload, '..'), { recursive: true })
  await writeFile(join(dataDir, payload), 'payload', { mode: 0o600 })
  const place = join(root, 'backups', 'monday')
  const [, message] = await Promise.all([
    store.snapshot(place),
    store.chats.addMessage(chats[0], { role: 'USER', content: 'meanwhile' }),
  ])
  assert.ok(message.id)
  const names = await readdir(place, { recursive: true })
  assert.ok(names.includes('NOTES.md'))
  assert.ok(!names.includes('.git'))
  assert.deepEqual(await readdir(join(root, 'backups')), ['monday'])
  for (const name of names) {
    const about = await stat(join(place, name))
    if (process.platform !== 'win32') assert.equal(about.mode & 0o777, about.isDirectory() ? 0o700 : 0o600, name)
    const twin = await stat(join(dataDir, name)).catch(() => undefined)
    if (twin && about.isFile()) assert.equal(about.ino === twin.ino, name === payload, name)
  }
  const copy = createStore({ dataDir: place })
  await copy.characters.update(character, { title: 'in the copy' })
  assert.equal((await store.characters.findById(character)).title, '0')
  await copy.close()
  await store.close()
})

test('a place that is not free, or within the folder, is refused', async () => {
  const store = createStore({ dataDir })
  await store.users.create({ email: 'a@example.org' })
  await mkdir(join(root, 'full'))
  await writeFile(join(root, 'full', 'file'), '')
  await writeFile(join(root, 'file'), '')
  await mkdir(join(root, 'strange.partial'))
  await writeFile(join(root, 'strange.partial', 'mine'), '')
  for (const place of ['full', 'file', 'strange', 'data/inside', 'data', '.']) {
    const refused = store.snapshot(join(root, place))
    await assert.rejects(refused, { code: 'VALIDATION' }, place)
  }
  for (const place of ['', undefined, 7, 'a\0b']) await assert.rejects(store.snapshot(place), { code: 'VALIDATION' })
  const inside = store.transaction(() => store.snapshot(join(root, 'never')))
  await assert.rejects(inside, { code: 'LOCKED' })
  await mkdir(join(root, 'empty'))
  await store.snapshot(join(root, 'empty'))
  assert.ok((await readdir(join(root, 'empty'))).includes('settings'))
  await store.close()
  await assert.rejects(store.snapshot(join(root, 'late')), { code: 'CLOSED' })
})

test('a snapshot that was cut off says so, and the next one takes its place', async () => {
  const store = createStore({ dataDir })
  await world(store, 1)
  const partial = join(root, 'copy.partial')
  await mkdir(join(partial, 'characters'), { recursive: true })
  await writeFile(join(partial, 'unfinished-snapshot'), '')
  await writeFile(join(partial, 'characters', 'old.json'), '{}')
  const cut = createStore({ dataDir: partial })
  await assert.rejects(cut.users.findAll(), { code: 'CORRUPT', path: 'unfinished-snapshot' })
  await cut.close()
  await store.snapshot(join(root, 'copy'))
  assert.deepEqual((await readdir(root)).sort(), ['copy', 'data'])
  assert.ok(!(await readdir(join(root, 'copy', 'characters'))).includes('old.json'))
  const text = `const { createStore } = require(${JSON.stringify(join(import.meta.dirname, '../../index.js'))})
    createStore({ dataDir: ${JSON.stringify(dataDir)} }).snapshot(${JSON.stringify(join(root, 'killed'))})
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), 3)`
  assert.throws(() => execFileSync(process.execPath, ['-e', text], { stdio: 'ignore' }))
  for (const name of (await readdir(root)).filter((name) => name.startsWith('killed')))
    if (name === 'killed') assert.ok((await readdir(join(root, name))).includes('settings'))
    else assert.equal(name, 'killed.partial')
  await store.close()
})

test('a folder copied with cp -r opens again: closed, and open but idle', async () => {
  const store = createStore({ dataDir })
  const { character, chats } = await world(store, 1)
  await store.chats.addMessage(chats[0], { role: 'USER', content: 'one' })
  const check = async (place) => {
    const copy = createStore({ dataDir: place })
    assert.equal((await copy.characters.findById(character)).name, 'Hamlet')
    assert.equal((await copy.chats.getMessages(chats[0])).at(-1).content, 'one')
    assert.deepEqual((await copy.stats()).faults, [])
    await copy.close()
  }
  await cp(dataDir, join(root, 'idle'), { recursive: true })
  await check(join(root, 'idle'))
  await store.close()
  await cp(dataDir, join(root, 'closed'), { recursive: true })
  await check(join(root, 'closed'))
})
