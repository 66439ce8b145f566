// Several real processes on one folder, killed at any moment.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, beforeEach, test } from 'node:test'
import quilltap from '../../index.js'
import { start as startProcess } from './child.mjs'

const folders = []
let dataDir

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'quilltap-'))
  folders.push(dataDir)
})

after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true, maxRetries: 20 }))))

/** A process with the store open; `ask(task, more)` tells it what to do. */
function start(durability) {
  const child = startProcess('worker.cjs', [dataDir, durability ?? 'strict'])
  const waiting = new Map()
  const acknowledged = []
  let next = 0
  let notice = () => {}
  child.on('message', (message) => {
    if (message.acknowledged) acknowledged.push(message.acknowledged)
    notice()
    const settle = waiting.get(message.id)
    if (!settle) return
    waiting.delete(message.id)
    if (message.error) settle.reject(Object.assign(new Error(message.error.message), message.error))
    else settle.resolve(message.value)
  })
  const ask = (task, more) =>
    new Promise((resolve, reject) => {
      waiting.set(++next, { resolve, reject })
      child.send({ id: next, task, ...more })
    })
  return {
    ask,
    acknowledged,
    call: (repository, name, ...args) => ask('call', { repository, name, args }),
    until: async (count) => {
      while (acknowledged.length < count) await new Promise((resolve) => (notice = resolve))
    },
    kill: async () => {
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
    end: async () => {
      await ask('close')
      child.disconnect()
      await once(child, 'exit')
    },
    signal: (name) => child.kill(name),
  }
}

async function world(process) {
  const user = await process.call('users', 'create', { email: 'will@globe.example' })
  const profile = await process.call('connections', 'create', {
    userId: user.id,
    name: 'n',
    provider: 'OLLAMA',
    modelName: 'm',
  })
  const character = await process.call('characters', 'create', {
    userId: user.id,
    name: 'Hamlet',
    description: '',
    personality: '',
    scenario: '',
    firstMessage: '',
  })
  const chat = await process.call('chats', 'create', {
    userId: user.id,
    characterId: character.id,
    connectionProfileId: profile.id,
    title: 't',
  })
  return { user, profile, character, chat }
}

for (const durability of ['strict', 'batched']) {
  test(`kill -9 loses nothing that was acknowledged (${durability})`, async () => {
    const writer = start(durability)
    const { chat } = await world(writer)
    writer.ask('pour', { chat: chat.id, from: 'a' })
    await writer.until(300)
    await writer.kill()
    const reader = start()
    const ids = new Set((await reader.call('chats', 'getMessages', chat.id)).map((message) => message.id))
    for (const id of writer.acknowledged) assert.ok(ids.has(id))
    assert.equal((await reader.call('chats', 'findById', chat.id)).messageCount, ids.size)
    await reader.end()
    assert.deepEqual(await readdir(join(dataDir, 'journal')), [])
    const lines = (await readFile(join(dataDir, 'chats', `${chat.id}.jsonl`), 'utf8')).trimEnd().split('\n')
    assert.equal(lines.length, ids.size + 1)
  })
}

test('what one process wrote, another reads at once', async () => {
  const [one, other] = [start(), start()]
  const { character, chat } = await world(one)
  for (let round = 0; round < 50; round++) {
    await one.call('characters', 'update', character.id, { name: `Hamlet ${round}` })
    assert.equal((await other.call('characters', 'findById', character.id)).name, `Hamlet ${round}`)
    await other.call('chats', 'addMessage', chat.id, { role: 'USER', content: `line ${round}` })
    assert.equal((await one.call('chats', 'getMessages', chat.id)).at(-1).content, `line ${round}`)
  }
  const changes = await other.ask('changes')
  assert.ok(changes.some((change) => change.model === 'Character' && change.type === 'update'))
  await Promise.all([one.end(), other.end()])
})

test('writers that are killed at random leave whole transactions and a store that goes on', async () => {
  const first = start()
  const { user } = await world(first)
  const tag = (id) => first.call('tags', 'create', { id, userId: user.id, name: id, count: 1000 })
  await tag('one')
  await tag('other')
  for (let round = 0; round < 6; round++) {
    const movers = [start(), start(), start()]
    const moves = movers.map((mover, at) =>
      mover.ask('move', at % 2 ? { from: 'one', to: 'other', times: 40 } : { from: 'other', to: 'one', times: 40 }),
    )
    moves.slice(1).forEach((move) => move.catch(() => {}))
    await movers[0].call('tags', 'findAll')
    await Promise.all(movers.slice(1).map((mover) => mover.kill()))
    await moves[0]
    await movers[0].end()
    const tags = await first.call('tags', 'findAll')
    assert.equal(
      tags.reduce((sum, { count }) => sum + count, 0),
      2000,
    )
  }
  await first.end()
})

const stops = { skip: process.platform === 'win32' && 'no signal stops a process' }

test('a process that is stopped in the middle makes the others wait, not fail', stops, async () => {
  const [stopped, other] = [start(), start()]
  const { chat } = await world(other)
  stopped.ask('pour', { chat: chat.id, from: 'stopped' })
  await stopped.until(20)
  stopped.signal('SIGSTOP')
  const written = other.call('chats', 'addMessage', chat.id, { role: 'USER', content: 'after' })
  await new Promise((resolve) => setImmediate(resolve))
  stopped.signal('SIGCONT')
  assert.equal((await written).content, 'after')
  await stopped.kill()
  const ids = new Set((await other.call('chats', 'getMessages', chat.id)).map((message) => message.id))
  for (const id of stopped.acknowledged) assert.ok(ids.has(id))
  await other.end()
})

test('a broken file is told with its place, and everything else works', async () => {
  const { createStore, StoreError } = quilltap
  let store = createStore({ dataDir })
  const user = await store.users.create({ email: 'a@b.example' })
  const make = (name) =>
    store.characters.create({ userId: user.id, name, description: '', personality: '', scenario: '', firstMessage: '' })
  const [broken, whole] = [await make('Broken'), await make('Whole')]
  await store.close()
  const file = join(dataDir, 'characters', `${broken.id}.json`)
  const good = await readFile(file, 'utf8')
  const bad = good.replace('"Broken"', '"Broken')
  await writeFile(file, bad)
  store = createStore({ dataDir })
  await assert.rejects(store.characters.findById(broken.id), (error) => {
    assert.ok(error instanceof StoreError)
    assert.equal(error.code, 'CORRUPT')
    assert.match(error.path, /^characters\/.*\.json:\d+:\d+$/)
    return true
  })
  assert.equal((await store.characters.findById(whole.id)).name, 'Whole')
  assert.deepEqual(
    (await store.characters.findAll()).map(({ name }) => name),
    ['Whole'],
  )
  await assert.rejects(store.characters.update(broken.id, { name: 'x' }), { code: 'CORRUPT' })
  assert.equal((await store.stats()).faults.length, 1)
  assert.equal(await readFile(file, 'utf8'), bad)
  // Mending the file by hand mends the store, while it is open.
  await writeFile(file, good.replace('"Broken"', '"Mended"'))
  assert.equal((await store.characters.findById(broken.id)).name, 'Mended')
  assert.equal((await store.characters.findAll()).length, 2)
  await store.close()
})

test('a hand edit of a record is seen by the next read, and by those who listen', async () => {
  const store = quilltap.createStore({ dataDir })
  const user = await store.users.create({ email: 'a@b.example' })
  const { id } = await store.characters.create({
    userId: user.id,
    name: 'Before',
    description: '',
    personality: '',
    scenario: '',
    firstMessage: '',
  })
  await store.flush()
  const changed = new Promise((resolve) => store.on('change', resolve))
  const file = join(dataDir, 'characters', `${id}.json`)
  await writeFile(file, (await readFile(file, 'utf8')).replace('Before', 'After, by hand'))
  assert.equal((await store.characters.findById(id)).name, 'After, by hand')
  assert.deepEqual(await changed, { model: 'Character', collection: 'characters', id, type: 'update' })
  await store.close()
})

test('a file of many records that is edited while processes have it open is noticed by all of them', async () => {
  const [one, other] = [start(), start()]
  const { user } = await world(one)
  const tag = await one.call('tags', 'create', { userId: user.id, name: 'sea' })
  await one.ask('compact')
  await other.call('tags', 'findAll')
  const file = join(dataDir, 'tags', 'tags.json')
  await writeFile(file, (await readFile(file, 'utf8')).replaceAll('"sea"', '"lake"'))
  const told = ({ model, id, type }) => model === 'Tag' && id === tag.id && type === 'update'
  for (const process of [one, other]) {
    while (!(await process.ask('changes')).some(told)) await new Promise((resolve) => setTimeout(resolve, 50))
    assert.equal((await process.call('tags', 'findById', tag.id)).name, 'lake')
  }
  await one.call('tags', 'create', { userId: user.id, name: 'calm' })
  await Promise.all([one.end(), other.end()])
  const text = await readFile(file, 'utf8')
  assert.ok(text.includes('"lake"') && text.includes('"calm"'), text)
})

test('a chat that is edited while processes write to it keeps the edit and every message', async () => {
  const [one, other] = [start(), start()]
  const { chat } = await world(one)
  const file = join(dataDir, 'chats', `${chat.id}.jsonl`)
  await one.call('chats', 'addMessage', chat.id, { role: 'USER', content: 'Who is there?' })
  await one.ask('compact')
  const wanted = new Set()
  for (let round = 1; round <= 5; round++) {
    for (const [name, process] of Object.entries({ one, other })) {
      const content = `${name} ${round}`
      await process.call('chats', 'addMessage', chat.id, { role: 'USER', content })
      wanted.add(content)
    }
    // What an editor saves that was opened a moment ago.
    const text = await readFile(file, 'utf8')
    await writeFile(
      `${file}~`,
      text.replace(/"Who is there[^"]*"/, `"Who is there, for the ${'very '.repeat(round)}last time?"`),
    )
    await rename(`${file}~`, file)
    await other.call('chats', 'getMessages', chat.id)
  }
  await one.ask('compact')
  // And in place, shorter, at rest.
  await writeFile(file, (await readFile(file, 'utf8')).replace(/"Who is there[^"]*"/, '"Who?"'))
  await other.call('chats', 'addMessage', chat.id, { role: 'USER', content: 'the end' })
  for (const process of [one, other]) {
    const contents = (await process.call('chats', 'getMessages', chat.id)).map((message) => message.content)
    assert.deepEqual(new Set(contents), new Set(['Who?', ...wanted, 'the end']))
    assert.equal((await process.call('chats', 'findById', chat.id)).messageCount, contents.length)
  }
  await Promise.all([one.end(), other.end()])
})

test('a git checkout while the store is open brings everything back', async () => {
  const process = start()
  const { user, character, chat } = await world(process)
  const tag = await process.call('tags', 'create', { userId: user.id, name: 'sea' })
  await process.call('chats', 'addMessage', chat.id, { role: 'USER', content: 'first' })
  await process.ask('compact')
  const git = (...args) =>
    execFileSync('git', ['-c', 'user.name=w', '-c', 'user.email=w@globe.example', ...args], {
      cwd: dataDir,
      stdio: 'pipe',
    })
  git('init', '--quiet')
  git('add', '--all')
  git('commit', '--quiet', '--message', 'before')
  // Many files at once, found in any order and in the middle of being taken over.
  for (let round = 1; round <= 5; round++) {
    await process.call('characters', 'update', character.id, { name: 'Somebody else' })
    await process.call('tags', 'update', tag.id, { name: 'lake' })
    await process.call('chats', 'update', chat.id, { title: 'Another title' })
    await process.call('chats', 'addMessage', chat.id, { role: 'USER', content: 'second' })
    await process.ask('compact')
    git('checkout', '--quiet', '--', '.')
    const name = async () => (await process.call('tags', 'findById', tag.id)).name
    while ((await name()) !== 'sea') await new Promise((resolve) => setTimeout(resolve, 50))
    assert.equal((await process.call('characters', 'findById', character.id)).name, character.name)
    assert.deepEqual(
      (await process.call('chats', 'getMessages', chat.id)).map((message) => message.content),
      ['first'],
    )
    const { title, messageCount } = await process.call('chats', 'findById', chat.id)
    assert.deepEqual({ title, messageCount }, { title: chat.title, messageCount: 1 })
  }
  await process.call('chats', 'addMessage', chat.id, { role: 'USER', content: 'third' })
  await process.end()
  git('diff', '--quiet', '--', 'characters', 'settings')
})
