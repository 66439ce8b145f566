'use strict'

// What the page asks for: lists, changes with their consequences, the way back, conflicts, events.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const http = require('node:http')
const path = require('node:path')
const { test } = require('node:test')
const { createStore, studio } = require('quilltap-store')
const { changeBy, filled, folder, startStudio } = require('./support.cjs')

/** The studio of a store in this process: an app of its own changes the same store beside it. */
function beside(store) {
  const answer = studio(store, { authorize: () => true, write: true })
  return async (name, ...args) => {
    const headers = { host: 'app', origin: 'http://app', 'content-type': 'application/json', 'x-quilltap-studio': '1' }
    const response = await answer(
      new Request(`http://app/admin/api/${name}`, { method: 'POST', headers, body: JSON.stringify(args) }),
    )
    const value = await response.json()
    if (!response.ok) throw Object.assign(new Error(value.error.message), value.error)
    return value
  }
}

async function world() {
  const made = await filled()
  const store = createStore({ dataDir: made.dataDir })
  return { ...made, store, call: beside(store) }
}

/** Everything that a store holds, as its calls give it. */
async function everything(store, chats) {
  const lists = ['users', 'characters', 'personas', 'chats', 'tags', 'images', 'connections']
  const all = Object.fromEntries(await Promise.all(lists.map(async (name) => [name, await store[name].findAll()])))
  all.logs = await Promise.all(chats.map((id) => store.chats.getEvents(id)))
  return all
}

test('a page goes on where the one before has ended, whatever is asked and whoever changes something', async () => {
  const { store, call, userId } = await world()
  await store.tags.createMany(
    Array.from({ length: 537 }, (_, at) => ({ userId, name: `tag ${(at * 7919) % 1000} ${'abc'[at % 3]}` })),
  )
  const questions = [
    {},
    { orderBy: { name: 'desc' } },
    { orderBy: { createdAt: 'desc' } },
    { where: { userId }, orderBy: { name: 'asc' } },
    { where: { name: { contains: 'B', mode: 'insensitive' } } },
    { where: { name: { endsWith: 'c' } }, orderBy: { nameLower: 'asc' } },
  ]
  for (const question of questions) {
    const all = (await store.tags.findMany(question)).map(({ id }) => id)
    const keys = []
    let cursor
    do {
      const { rows, next } = await call('list', 'Tag', { ...question, skip: keys.length, take: 50, cursor })
      keys.push(...rows.map(({ key }) => key))
      cursor = next
    } while (cursor)
    assert.deepEqual(keys, all, JSON.stringify(question))
    const { rows } = await call('list', 'Tag', { ...question, skip: 123, take: 5 })
    assert.deepEqual(
      rows.map(({ key }) => key),
      all.slice(123, 128),
      JSON.stringify(question),
    )
    assert.equal(await call('count', 'Tag', { where: question.where }), all.length)
  }
  const first = await call('list', 'Tag', { take: 50 })
  const all = await store.tags.findAll()
  await store.tags.delete(all[3].id)
  await store.tags.delete(all[20].id)
  const second = await call('list', 'Tag', { skip: 50, take: 50, cursor: first.next })
  assert.deepEqual(
    second.rows.map(({ key }) => key),
    all.slice(50, 100).map(({ id }) => id),
  )
  const found = await call('list', 'Tag', { search: ' TAG 42', take: 10 })
  assert.deepEqual(
    found.rows.map(({ label }) => label),
    all.filter(({ name }) => name.startsWith('tag 42')).map(({ name }) => name),
  )
  await assert.rejects(call('list', 'Tag', { cursor: 'x' }), { code: 'VALIDATION' })
  await assert.rejects(call('list', 'Nobody', {}), { code: 'VALIDATION' })
  await store.close()
})

test('every change is told before it is made, and taken back after it', async () => {
  const { store, call, userId, character, chat, message } = await world()
  const persona = await store.personas.create({ userId, name: 'Me', description: 'd' })
  const tag = await store.tags.create({ userId, name: 'T' })
  await store.characters.addPersona(character.id, persona.id, true)
  await store.characters.addTag(character.id, tag.id)
  await store.chats.addMessages(chat.id, [
    { id: 'm2', role: 'ASSISTANT', content: 'Two', swipeGroupId: 's', swipeIndex: 0 },
    { id: 'm3', role: 'USER', content: 'Three' },
  ])
  await store.chats.addEvent(chat.id, { id: 'e1', type: 'system-note', text: 'note' })
  const edited = async (model, key, edit) => {
    const { text, stamp } = await call('record', model, key)
    const map = JSON.parse(text)
    edit(map)
    return ['update', { model, key, stamp, text: JSON.stringify(map) }]
  }
  const deleted = async (model, key) => {
    const { stamp } = await call('record', model, key)
    return ['delete', { model, key, stamp }]
  }
  const words = { description: '', personality: '', scenario: '', firstMessage: '' }
  const created = (model, map, owner) => ['create', { model, owner, text: JSON.stringify(map) }]
  const cases = [
    [await edited('Character', character.id, (map) => (map.name = 'Bea')), { Character: { changed: 1 } }],
    [
      await edited('Character', character.id, (map) => (map.personaLinks = [])),
      { Character: { changed: 1 }, Persona: { changed: 1 } },
    ],
    [await edited('Character', character.id, (map) => (map.mine = { kept: [1] })), { Character: { changed: 1 } }],
    [await edited('Chat', chat.id, (map) => (map.title = 'Two')), { Chat: { changed: 1 } }],
    [await edited('Message', 'm2', (map) => (map.content = 'Zwei')), { Message: { changed: 1 } }],
    [await edited('Message', 'e1', (map) => (map.text = 'other')), { Message: { changed: 1 } }],
    [created('Character', { userId, name: 'New', ...words }), { Character: { created: 1 } }],
    [created('Message', { role: 'USER', content: 'Four' }, chat.id), { Message: { created: 1 } }],
    [await deleted('Message', message.id), { Message: { deleted: 1 } }],
    [await deleted('Message', 'm2'), { Message: { deleted: 1 } }],
    [await deleted('Message', 'e1'), { Message: { deleted: 1 } }],
    [await deleted('Tag', tag.id), { Character: { changed: 1 }, Tag: { deleted: 1 } }],
    [
      await deleted('Character', character.id),
      { Character: { deleted: 1 }, Chat: { deleted: 1 }, Persona: { changed: 1 } },
    ],
  ]
  for (const [[what, asked], counts] of cases) {
    const name = `${what} ${asked.model} ${asked.key ?? ''} ${JSON.stringify(counts)}`
    const before = await everything(store, [chat.id])
    const told = await call('change', what, asked, true)
    assert.deepEqual(told.counts, counts, name)
    assert.equal(told.undo, true, name)
    assert.deepEqual(await everything(store, [chat.id]), before, `${name}: a rehearsal changes nothing`)
    const done = await call('change', what, asked, false)
    assert.deepEqual(done.counts, counts, name)
    assert.notDeepEqual(await everything(store, [chat.id]), before, name)
    await call('undo', done.undo)
    assert.deepEqual(await everything(store, [chat.id]), before, `${name}: taken back`)
    await assert.rejects(call('undo', done.undo), { code: 'VALIDATION' }, `${name}: once`)
  }
  assert.deepEqual((await store.check()).faults, [])
  await store.close()
})

test('what cannot be taken back says so before', async () => {
  const { store, call, userId } = await world()
  const { stamp } = await call('record', 'User', userId)
  const { told, done } = await changeBy(call, 'delete', { model: 'User', key: userId, stamp })
  assert.match(told.final, /^the bytes of 1 of them go for good$/)
  assert.equal(done.undo, false)
  assert.deepEqual(told.counts.Chat, { deleted: 1 })
  assert.deepEqual(
    told.logs.map(({ rows }) => rows),
    [1],
  )
  await store.close()
})

test('nobody else’s change is written over', async () => {
  const { store, call, character, chat } = await world()
  const { text, stamp } = await call('record', 'Character', character.id)
  await store.characters.update(character.id, { name: 'Theirs' })
  const mine = { model: 'Character', key: character.id, stamp, text: text.replace('Ada', 'Mine') }
  for (const rehearse of [true, false]) {
    const { conflict } = await call('change', 'update', mine, rehearse)
    assert.equal(JSON.parse(conflict.text).name, 'Theirs')
    assert.notEqual(conflict.stamp, stamp)
  }
  assert.equal((await store.characters.findById(character.id)).name, 'Theirs')
  // An app that goes on talking is not in the way of whoever changes a title.
  const before = await call('record', 'Chat', chat.id)
  await store.chats.addMessage(chat.id, { role: 'USER', content: 'More' })
  const titled = { model: 'Chat', key: chat.id, stamp: before.stamp, text: before.text.replace('One', 'Two') }
  const done = await call('change', 'update', titled, false)
  assert.equal((await store.chats.findById(chat.id)).title, 'Two')
  assert.equal((await store.chats.findById(chat.id)).messageCount, 2)
  await store.chats.update(chat.id, { title: 'Three' })
  assert.deepEqual((await call('undo', done.undo)).conflict, { undo: true })
  await store.characters.delete(character.id)
  assert.deepEqual((await call('change', 'update', mine, false)).conflict, { gone: true })
  await store.close()
})

test('a fault is told at its field, or at its line and column', async () => {
  const { store, call, userId, character, chat } = await world()
  const { text, stamp } = await call('record', 'Character', character.id)
  const change = (text) => call('change', 'update', { model: 'Character', key: character.id, stamp, text }, true)
  const { fault } = await change('{\n  "name": "Ada",\n  "name": 1,\n}')
  assert.deepEqual([fault.line, fault.column > 0], [3, true])
  const map = { ...JSON.parse(text), name: 7, tags: ['nobody'], personaLinks: [{ isDefault: 'no' }] }
  await assert.rejects(change(JSON.stringify(map)), ({ code, issues }) => {
    assert.equal(code, 'VALIDATION')
    assert.deepEqual(issues.map(({ path }) => path).sort(), [
      'name',
      'personaLinks[0].isDefault',
      'personaLinks[0].personaId',
    ])
    return true
  })
  const nameless = JSON.parse(text)
  delete nameless.name
  await assert.rejects(change(JSON.stringify(nameless)), { code: 'VALIDATION' })
  await assert.rejects(change(JSON.stringify({ ...JSON.parse(text), id: 'x' })), { code: 'VALIDATION' })
  const profile = await call('list', 'ConnectionProfile', {})
  const { stamp: used } = await call('record', 'ConnectionProfile', profile.rows[0].key)
  const restricted = call(
    'change',
    'delete',
    { model: 'ConnectionProfile', key: profile.rows[0].key, stamp: used },
    true,
  )
  await assert.rejects(restricted, { code: 'FOREIGN_KEY' })
  const settings = await call('record', 'Settings', 'settings')
  const forged = JSON.stringify({ ...JSON.parse(settings.text), encryption: { version: 9 } })
  const asked = { model: 'Settings', key: 'settings', stamp: settings.stamp, text: forged }
  await assert.rejects(call('change', 'update', asked, false), { code: 'VALIDATION' })
  await store.close()
})

test('a record with ten thousand relatives tells how many, and gives them a page at a time', async () => {
  const { store, call, userId } = await world()
  await store.tags.createMany(Array.from({ length: 10_000 }, (_, at) => ({ userId, name: `t${at}` })))
  const record = await call('record', 'User', userId)
  assert.equal(record.related.find(({ model }) => model === 'Tag').count, 10_000)
  assert.ok(JSON.stringify(record).length < 4000)
  const { rows } = await call('related', 'User', userId, 'Tag', 'userId', { skip: 9_990, take: 20 })
  assert.deepEqual(
    rows.map(({ label }) => label),
    Array.from({ length: 10 }, (_, at) => `t${at + 9_990}`),
  )
  await store.close()
})

test('a log is given from its end, in parts, and searched', async () => {
  const { store, call, chat } = await world()
  const texts = Array.from({ length: 120 }, (_, at) => `line ${at}`)
  await store.chats.addMessages(
    chat.id,
    texts.map((content) => ({ role: 'USER', content })),
  )
  const contents = ({ rows }) => rows.map(({ row }) => row.content)
  const last = await call('log', 'Message', chat.id, { take: 50 })
  assert.deepEqual([contents(last), last.more], [texts.slice(70), true])
  const before = await call('log', 'Message', chat.id, { take: 100, before: last.rows[0].row.id })
  assert.deepEqual([contents(before), before.more], [['Hi', ...texts.slice(0, 70)], false])
  const after = await call('log', 'Message', chat.id, { take: 10, after: before.rows[0].row.id })
  assert.deepEqual([contents(after), after.more], [texts.slice(0, 10), true])
  const found = await call('search', 'Message', 'LINE 119', 0)
  assert.deepEqual(
    found.rows.map(({ label, ownerLabel }) => [label, ownerLabel]),
    [['line 119', 'One']],
  )
  assert.equal(found.next, null)
  await store.close()
})

test('collections of the app’s own are there as they are', async () => {
  const dataDir = `${folder()}/data`
  const note = {
    file: 'notes/{id}.json',
    fields: { characterId: { type: 'id', references: 'Character' }, body: { type: 'string' } },
  }
  const store = createStore({ dataDir, collections: { notes: note } })
  const { id: userId } = await store.users.create({ email: 'a@example.org' })
  const words = { description: '', personality: '', scenario: '', firstMessage: '' }
  const { id: characterId } = await store.characters.create({ userId, name: 'Ada', ...words })
  const made = await store.notes.create({ characterId, body: 'hello' })
  await store.close()
  // Who starts the studio declares nothing.
  const { call } = await startStudio(dataDir, ['--write'])
  const models = await call('models')
  const model = models.find(({ collection }) => collection === 'notes')
  assert.deepEqual(model.fields.find(({ name }) => name === 'characterId').kind.to, 'Character')
  const { stamp, text } = await call('record', model.name, made.id)
  await call('change', 'update', { model: model.name, key: made.id, stamp, text: text.replace('hello', 'bye') }, false)
  assert.match((await call('record', model.name, made.id)).text, /bye/)
  const declared = models.find(({ name }) => name === 'Declaration')
  assert.equal(declared.readOnly, true)
  await assert.rejects(call('change', 'create', { model: 'Declaration', text: '{}' }, true), { code: 'READ_ONLY' })
})

test('whoever listens hears of changes, of a hand edit too', async () => {
  const { dataDir, character } = await filled()
  const { own, address, call } = await startStudio(dataDir, ['--write'])
  const asked = http.get({ host: '127.0.0.1', port: address.port, path: '/api/events', headers: own })
  const [response] = await new Promise((resolve) => asked.once('response', (...all) => resolve(all)))
  assert.equal(response.headers['content-type'], 'text/event-stream')
  let text = ''
  let look = () => {}
  response.on('data', (piece) => {
    text += piece
    look()
  })
  const until = (fits) =>
    new Promise((resolve) => {
      look = () => {
        const events = [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data))
        if (events.some(fits)) resolve()
      }
      look()
    })
  const isOf = (type) => (event) => event.events?.some((one) => one.id === character.id && one.type === type)
  const { stamp, text: now } = await call('record', 'Character', character.id)
  await call(
    'change',
    'update',
    { model: 'Character', key: character.id, stamp, text: now.replace('Ada', 'Bea') },
    false,
  )
  await until(isOf('update'))
  const file = path.join(dataDir, 'characters', `${character.id}.json`)
  text = ''
  fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace('Bea', 'Cleo'))
  await until(isOf('update'))
  assert.equal((await call('record', 'Character', character.id)).label, 'Cleo')
  asked.destroy()
})

test('faults have their file and line, and the state says who has it open and when it was backed up', async () => {
  const { dataDir, character } = await filled()
  const backup = path.join(folder(), 'b.tar.zst')
  const store = createStore({ dataDir })
  await store.backup(backup)
  const file = path.join(dataDir, 'characters', `${character.id}.json`)
  const { call } = await startStudio(dataDir)
  const state = await call('state')
  assert.equal(fs.realpathSync(state.dataDir), fs.realpathSync(dataDir))
  assert.equal(state.lastBackup.file, backup)
  if (process.platform === 'linux')
    assert.deepEqual(
      state.users.map((user) => user.process),
      [process.pid],
    )
  assert.ok(state.folders.characters.bytes > 100)
  await store.close()
  fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace('"Ada"', '"Ada'))
  const { faults } = await call('check')
  assert.match(faults[0].path, new RegExp(`^characters/${character.id}\\.json:\\d+:\\d+$`))
  const broken = await call('record', 'Character', character.id)
  assert.deepEqual([broken.path, broken.broken], [faults[0].path, faults[0].message])
})
