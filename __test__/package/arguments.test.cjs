'use strict'

/**
 * Arguments are data: whatever else is given, for any argument of any call, is refused by its name. The
 * calls come from the table of them all, so a new one is tested with the rest.
 */

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { pathToFileURL } = require('node:url')
const { inspect } = require('node:util')
const { test } = require('node:test')
const { QuilltapAdapter, createStore } = require('quilltap-store')
const native = require('../../lib/load.js')
const { failure, folder, run } = require('./support.cjs')

function open(t, options) {
  const store = createStore({ dataDir: folder(), ...options })
  t.after(() => store.close())
  return store
}

/** Prisma's client and Better Auth's adapter and collections have faces of their own. */
const ELSEWHERE = ['prisma', 'betterAuth', 'brought-collections']
const TABLE = JSON.parse(native.calls('{}')).filter(({ repository }) => !ELSEWHERE.includes(repository))
/** What takes bytes from wherever they come is tested with them. */
const TAKES_SOURCE = { put: 0, putDerived: 2, encryptBuffer: 0, decryptBuffer: 0 }

class Person {
  name = 'x'
}
const STRANGE = [
  ['a Promise: await it', Promise.resolve('x')],
  ['a Promise: await it', Object.create({ then: () => {} })],
  ['a RegExp', /x/],
  ['a Map', new Map([['a', 1]])],
  ['a Set', new Set(['x'])],
  ['an Error', new Error('x')],
  ['a URL', new URL('file:///x')],
  ['a String', new String('x')],
  ['an instance of Person: give a plain object', new Person()],
  ['a function', () => 'x'],
  ['a symbol', Symbol('x')],
  ['a bigint|a BigInt', 1n],
  ['a Uint8Array', Buffer.from('x')],
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['an invalid Date', new Date(NaN)],
]

/** The function of a call, wherever it is found. */
function methodOf(store, { repository, name }) {
  if (repository === 'auth') return QuilltapAdapter(store)[name]
  if (repository === 'studio') return store[Symbol.for('quilltap.studio')].calls[name]
  return ['store', 'sealing', 'migration'].includes(repository) ? store[name] : store[repository][name]
}

test('what is no data is refused by its name, for every argument of every call', async (t) => {
  const store = open(t)
  let tried = 0
  for (const call of TABLE) {
    const method = methodOf(store, call)
    for (let at = 0; at < call.params; at++) {
      if (TAKES_SOURCE[call.name] === at || call.passphrase === at) continue
      for (const [name, value] of STRANGE) {
        for (const given of [value, { inside: value }, [value]]) {
          const args = Array(call.params).fill('x')
          if (call.kind === 'bytes') args[0] = new Uint8Array(1)
          args[at] = given
          const error = await failure(method(...args))
          const place = `${call.repository}.${call.name}, argument ${at}, ${inspect(given)}: ${error.message}`
          assert.equal(error.code, 'VALIDATION', place)
          // Calls on payloads look at their texts themselves.
          if (call.kind !== 'payload') assert.match(error.message, new RegExp(name), place)
          tried++
        }
      }
    }
  }
  assert.ok(tried > 10_000, `${tried} tried`)
})

test('data of another realm, without a prototype and with unset keys is data', async (t) => {
  const store = open(t)
  const { runInNewContext } = require('node:vm')
  const email = (name) => `${name}@example.org`
  const foreign = runInNewContext(`({ email: 'a@example.org', emailVerified: new Date(0) })`)
  assert.equal((await store.users.create(foreign)).emailVerified, '1970-01-01T00:00:00.000Z')
  const bare = Object.assign(Object.create(null), { email: email('b'), name: undefined })
  assert.equal((await store.users.create(bare)).email, email('b'))
  const ids = (await store.users.findAll()).map((user) => user.id)
  // What a callback is given besides is none of the call's business.
  const found = await Promise.all(ids.map(store.users.findById))
  assert.deepEqual(
    found.map((user) => user.id),
    ids,
  )
})

test('a field of JSON keeps its value when a promise is given for it', async (t) => {
  const store = open(t)
  const { id: userId } = await store.users.create({ email: 'a@example.org' })
  const made = await store.connections.create({
    userId,
    name: 'x',
    provider: 'OLLAMA',
    modelName: 'x',
    parameters: { a: 1 },
  })
  const error = await failure(store.connections.update(made.id, { parameters: Promise.resolve({ b: 2 }) }))
  assert.match(error.message, /parameters: expected plain data, got a Promise: await it/)
  assert.deepEqual((await store.connections.findById(made.id)).parameters, { a: 1 })
})

/** Values that no argument of the adapter takes, but for those that are named. */
const WRONG = [null, undefined, true, [], 5]

test('a wrong type is refused by every call of the adapter, and changes nothing', async (t) => {
  const store = open(t)
  const adapter = QuilltapAdapter(store)
  const user = await adapter.createUser({ email: 'a@example.org', emailVerified: null })
  const account = { userId: user.id, provider: 'p', providerAccountId: 'q', type: 'oauth' }
  await adapter.linkAccount(account)
  await adapter.createSession({ sessionToken: 'session', userId: user.id, expires: new Date('2999-01-01') })
  await adapter.createVerificationToken({ identifier: 'i', token: 't', expires: new Date('2999-01-01') })
  const all = async () =>
    Promise.all(['users', 'accounts', 'sessions', 'verificationTokens'].map((r) => store[r].findAll()))
  const before = await all()

  const refused = async (name, args) => {
    const error = await failure(adapter[name](...args))
    assert.equal(error.code, 'VALIDATION', `${name}(${inspect(args)}): ${error.message}`)
  }
  for (const { name, params } of TABLE.filter(({ repository }) => repository === 'auth')) {
    for (let at = 0; at < params; at++) {
      for (const wrong of WRONG) {
        // A counter is a number, and so is the id of an account at some providers.
        if (wrong === 5 && ((name === 'updateAuthenticatorCounter' && at === 1) || (name === 'getAccount' && at === 0)))
          continue
        await refused(name, Object.assign(Array(params).fill('x'), { [at]: wrong }))
      }
    }
  }
  const one = { provider: 'p', providerAccountId: 'a' }
  for (const wrong of [null, undefined, true, [], {}]) {
    for (const key of Object.keys(one)) {
      await refused('getUserByAccount', [{ ...one, [key]: wrong }])
      await refused('unlinkAccount', [{ ...one, [key]: wrong }])
    }
    await refused('useVerificationToken', [{ identifier: wrong, token: 't' }])
    await refused('useVerificationToken', [{ identifier: 'i', token: wrong }])
    await refused('updateUser', [{ id: wrong, name: 'x' }])
    await refused('updateSession', [{ sessionToken: wrong, expires: new Date() }])
  }
  await refused('useVerificationToken', [{ identifier: 5, token: 't' }])
  await refused('unlinkAccount', [{}])
  assert.deepEqual(await all(), before)
  assert.equal((await adapter.useVerificationToken({ token: 't' })).identifier, 'i')
})

test('an owner that is given must be one: null and undefined do not ask about everybody', async (t) => {
  const store = open(t)
  const id = 'x'
  const asked = [
    (owner) => store.connections.revealApiKey(id, owner),
    (owner) => store.connections.findApiKeyById(id, owner),
    (owner) => store.connections.getAllApiKeys(owner),
    (owner) => store.images.findByType('image', owner),
  ]
  for (const ask of asked) {
    for (const owner of [null, undefined, 5, {}]) {
      const error = await failure(ask(owner))
      assert.equal(error.code, 'VALIDATION')
      assert.match(error.message, /userId: expected a string/)
    }
  }
  assert.deepEqual(await store.connections.getAllApiKeys(), [])
})

const CONDITIONS = [
  ['where.userId', { userId: undefined }],
  ['where.name.in', { name: { in: undefined } }],
  ['where.name.not', { name: { not: undefined } }],
  ['where.OR[0].name', { OR: [{ name: undefined }, { name: 'a' }] }],
  ['where.NOT.name', { NOT: { name: undefined } }],
  ['where.AND', { AND: undefined }],
]
for (const [path, where] of CONDITIONS) {
  test(`undefined is refused in a where: ${path}`, async (t) => {
    const store = open(t, {
      collections: {
        notes: { file: 'notes/{id}.json', fields: { userId: { type: 'string' }, name: { type: 'string' } } },
      },
    })
    await store.notes.create({ userId: 'u', name: 'b' })
    for (const repository of [store.characters, store.notes]) {
      for (const ask of ['findMany', 'count']) {
        const error = await failure(repository[ask]({ where }))
        assert.equal(error.code, 'VALIDATION')
        assert.deepEqual(error.issues, [
          { path, expected: 'a value (leave the key out, or write null)', received: 'undefined' },
        ])
      }
    }
    assert.equal(await store.notes.count({ where: undefined }), 1)
  })
}

test('undefined in the where of upsert is refused, in what it creates it is nothing', async (t) => {
  const store = open(t)
  const error = await failure(
    store.users.upsert({ where: { id: undefined }, create: { email: 'a@example.org' }, update: {} }),
  )
  assert.equal(error.issues[0].path, 'where.id')
  const create = { email: 'a@example.org', name: undefined }
  const made = await store.users.upsert({ where: { email: 'a@example.org' }, create, update: { name: undefined } })
  assert.ok(!('name' in made))
})

test('a store can be told to ignore undefined in a where, as Prisma does', async (t) => {
  const store = open(t, { undefinedInWhere: 'ignore' })
  await store.users.create({ email: 'a@example.org' })
  assert.equal(await store.users.count({ where: { email: undefined } }), 1)
  assert.deepEqual(await store.connections.getAllApiKeys(undefined), [])
  assert.throws(() => createStore({ undefinedInWhere: 'allow' }), /undefinedInWhere: expected 'refuse' or 'ignore'/)
})

const SECRET = 'hunter2-hunter2'
test('no error repeats a value that may be secret', async (t) => {
  const store = open(t, { passphrase: 'x' })
  const adapter = QuilltapAdapter(store)
  const user = await adapter.createUser({ email: 'a@example.org', emailVerified: null })
  const token = { identifier: 'i', token: SECRET, expires: new Date('2999-01-01') }
  await adapter.createVerificationToken(token)
  const session = { sessionToken: SECRET, userId: user.id, expires: new Date('2999-01-01') }
  await adapter.createSession(session)
  const wrong = [SECRET]
  const errors = await Promise.all([
    failure(store.verificationTokens.create(token)),
    failure(adapter.createSession(session)),
    failure(adapter.createSession({ ...session, sessionToken: wrong })),
    failure(adapter.getSessionAndUser(wrong)),
    failure(adapter.useVerificationToken({ identifier: 'i', token: wrong })),
    failure(store.sessions.findMany({ where: { sessionToken: wrong } })),
    failure(store.users.create({ email: 'b@example.org', passwordHash: wrong })),
    failure(store.users.update(user.id, { totp: SECRET })),
    failure(store.users.consumeBackupCode(user.id, wrong)),
    failure(store.connections.createApiKey({ userId: user.id, key: wrong })),
    failure(store.accounts.create({ ...wrong, access_token: { SECRET } })),
    failure(store.verificationTokens.update(SECRET, { token: `${SECRET}2` })),
    failure(store.secrets.recover(SECRET, 'x')),
  ])
  const said = errors.map((error) => inspect(error, { depth: null }))
  said.forEach((text) => assert.ok(!text.includes(SECRET), text))
  const options = failure(Promise.resolve().then(() => createStore({ passphrase: 4711 })))
  assert.ok(!inspect(await options, { depth: null }).includes('4711'))
})

/** A call in a process of its own, with what it says and the memory that it took at most, in MB. */
async function alone(script) {
  const program = `
    const { createStore } = require(${JSON.stringify(require.resolve('quilltap-store'))})
    const store = createStore({ dataDir: ${JSON.stringify(folder())} })
    ;(async () => {
      const { id } = await store.users.create({ email: 'a@example.org' })
      const before = process.resourceUsage().maxRSS
      const error = await (${script})(store, id).catch((error) => error)
      const { code, message, issues } = error
      const took = Math.round((process.resourceUsage().maxRSS - before) / 1024)
      console.log(JSON.stringify({ code, length: message.length, end: message.slice(-40), told: issues.length, took }))
      await store.close()
    })()`
  const ended = await run(program)
  assert.equal(ended.code, 0, ended.stderr)
  return JSON.parse(ended.stdout)
}

const FLOODS = [
  ['a million nulls', 'VALIDATION', 1_000_000, '(store) => store.tags.createMany(Array(1e6).fill(null))'],
  ['a million undefined', 'VALIDATION', 1_000_000, '(store) => store.tags.createMany(Array(1e6).fill(undefined))'],
  [
    'fifty thousand bad rows',
    'VALIDATION',
    150_000,
    '(store) => store.tags.createMany(Array.from({ length: 5e4 }, () => ({})))',
  ],
  [
    'three hundred thousand unknown tags',
    'FOREIGN_KEY',
    300_000,
    `(store, userId) => store.personas.create({ userId, name: 'x', description: 'x',
       tags: Array.from({ length: 3e5 }, (_, at) => 'tag-' + at) })`,
  ],
]
for (const [what, code, faults, script] of FLOODS) {
  test(`${what}: a hundred faults are told and the others counted, in little memory`, async () => {
    const flood = await alone(script)
    assert.equal(flood.code, code)
    assert.equal(flood.told, 100)
    assert.match(flood.end, new RegExp(`; and ${faults - 100} more$`))
    assert.ok(flood.length < 20_000, `${flood.length} characters`)
    assert.ok(flood.took < 400, `${flood.took} MB`)
  })
}

test('an id that stands twice in a list stands there once', async (t) => {
  const store = open(t)
  const { id: userId } = await store.users.create({ email: 'a@example.org' })
  const [one, two] = await store.tags.createMany(['one', 'two'].map((name) => ({ userId, name })))
  const persona = await store.personas.create({ userId, name: 'x', description: 'x', tags: [two.id, one.id, two.id] })
  assert.deepEqual(persona.tags, [two.id, one.id])
  const changed = await store.personas.update(persona.id, { tags: [one.id, one.id] })
  assert.deepEqual(changed.tags, [one.id])
  await store.transaction(async (tx) => {
    assert.deepEqual((await tx.personas.update(persona.id, { tags: [two.id, two.id] })).tags, [two.id])
  })
})

test('a data folder is a path or a file: URL, and ~ is not expanded', async (t) => {
  const dataDir = path.join(folder(), 'a b')
  for (const given of [pathToFileURL(dataDir), pathToFileURL(dataDir).href]) {
    const store = createStore({ dataDir: given })
    t.after(() => store.close())
    await store.users.create({ email: `${Math.random()}@example.org` })
  }
  assert.ok(fs.existsSync(path.join(dataDir, 'journal')))
  const store = open(t)
  // On Windows another machine may have a folder.
  const elsewhere = process.platform === 'win32' ? [] : ['file://elsewhere.example/x']
  for (const wrong of ['~', '~/data', new URL('https://example.org'), ...elsewhere]) {
    assert.throws(() => createStore({ dataDir: wrong }), /dataDir: expected a path of a folder, or a file: URL/)
    assert.match((await failure(store.snapshot(wrong))).message, /~ is not expanded: use os.homedir\(\)/)
  }
  assert.ok(!fs.existsSync('~') && !fs.existsSync('file:'))
})

test('a store shows itself in a line, as does a transaction, and no secret in it', async (t) => {
  const store = open(t, { passphrase: SECRET, collections: { notes: { file: 'notes/{id}.json', fields: {} } } })
  const shown = inspect(store, { depth: null })
  assert.match(shown, /^Store \{ (\/|[A-Z]:).*, strict: users, characters, .*, notes \}$/)
  assert.ok(!shown.includes(SECRET))
  assert.equal(inspect({ store }).split('\n').length <= 3, true)
  assert.match(await store.transaction(async (tx) => inspect(tx)), /^Transaction \{ (\/|[A-Z]:)[^\n]* \}$/)
})

const DECLARED = [
  ['a model that there is not', { x: { type: 'id', references: 'Charcter' } }, 'collections.notes.fields.x.references'],
  ['a default of another kind', { x: { type: 'number', default: 'no' } }, 'collections.notes.fields.x.default'],
]
for (const [what, fields, path] of DECLARED) {
  test(`a declaration with ${what} is refused at run time too`, () => {
    const declare = () => createStore({ collections: { notes: { file: 'notes/{id}.json', fields } } })
    assert.throws(
      declare,
      ({ code, issues }) => code === 'VALIDATION' && issues.some((issue) => path.startsWith(issue.path)),
    )
  })
}

test('a unique of a field that there is not, and a name that is taken, are refused at run time too', () => {
  const fields = { x: { type: 'string' } }
  const notes = { file: 'notes/{id}.json', fields, unique: [['y']] }
  assert.throws(() => createStore({ collections: { notes } }), { code: 'VALIDATION' })
  assert.throws(() => createStore({ collections: { users: { file: 'notes/{id}.json', fields } } }), {
    code: 'VALIDATION',
  })
})

test('text that was cut within an emoji is kept with U+FFFD, wherever it is given', async (t) => {
  const dataDir = folder()
  const store = open(t, { dataDir, passphrase: 'x' })
  const [cut, kept] = ['Hello 😀'.slice(0, 7), 'Hello \uFFFD']
  const user = await store.users.create({ email: 'a@example.org', name: cut })
  const parameters = { [cut]: [cut, { deep: cut }] }
  const profile = { userId: user.id, name: 'x', provider: 'OLLAMA', modelName: 'x' }
  const [connection] = await store.connections.createMany([{ ...profile, parameters }])
  const [description, personality, scenario, firstMessage] = Array(4).fill(cut)
  const character = { userId: user.id, name: cut, description, personality, scenario, firstMessage }
  const { id: characterId } = await store.transaction((tx) => tx.characters.create(character))
  const chat = await store.chats.create({
    userId: user.id,
    characterId,
    connectionProfileId: connection.id,
    title: cut,
  })
  await store.chats.addMessage(chat.id, { role: 'ASSISTANT', content: cut })
  await store.updateSettings({ flags: { said: cut } })
  const adapter = QuilltapAdapter(store)
  const other = await adapter.createUser({ email: 'b@example.org', emailVerified: null, name: cut })
  await adapter.linkAccount({ userId: other.id, provider: cut, providerAccountId: cut, type: 'oauth' })
  const seen = async (of) => ({
    name: (await of.users.findById(user.id)).name,
    found: await of.users.count({ where: { name: cut } }),
    parameters: (await of.connections.findById(connection.id)).parameters,
    title: (await of.chats.findById(chat.id)).title,
    said: (await of.chats.getMessages(chat.id)).map((message) => message.content),
    flags: (await of.getSettings()).flags,
    owner: (await QuilltapAdapter(of).getUserByAccount({ provider: cut, providerAccountId: cut })).name,
  })
  const expected = {
    name: kept,
    found: 2,
    parameters: { [kept]: [kept, { deep: kept }] },
    title: kept,
    said: [kept],
    flags: { said: kept },
    owner: kept,
  }
  assert.deepEqual(await seen(store), expected)
  assert.equal(await store.decryptJson(await store.encryptJson(cut, cut), kept), kept)
  await store.close()
  assert.deepEqual(await seen(open(t, { dataDir })), expected)
})
