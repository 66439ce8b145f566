'use strict'

const assert = require('node:assert/strict')
const { AsyncLocalStorage } = require('node:async_hooks')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { createStore, QuilltapAdapter, StoreError } = require('quilltap-store')
const { failure, folder, program, root, run } = require('./support.cjs')

function open(t, options) {
  const store = createStore({ dataDir: folder(), durability: 'batched', ...options })
  t.after(() => store.close())
  return store
}

test('methods need no this', async (t) => {
  const { users, close } = open(t)
  const { create, findById } = users
  const made = await create({ email: 'a@example.org' })
  assert.deepEqual(await findById(made.id), made)
  await close()
})

test('calls made before the store is open are done in their order', async (t) => {
  const store = open(t)
  const [user, tag] = await Promise.all([
    store.users.create({ id: 'ann', email: 'a@example.org' }),
    store.tags.create({ userId: 'ann', name: 'one' }),
  ])
  assert.equal(tag.userId, user.id)
})

test('calls that were made before close are done, those after it are refused', async (t) => {
  const store = open(t)
  const made = store.users.create({ email: 'a@example.org' })
  const closing = store.close()
  const late = failure(store.users.findAll())
  assert.equal((await made).email, 'a@example.org')
  await closing
  assert.equal((await late).code, 'CLOSED')
  assert.equal((await failure(store.users.create({ email: 'b@example.org' }))).code, 'CLOSED')
  await store.close()
})

test("a record is the caller's own", async (t) => {
  const store = open(t)
  const { id } = await store.users.create({ email: 'a@example.org' })
  const one = await store.users.findById(id)
  one.email = 'changed'
  assert.equal((await store.users.findById(id)).email, 'a@example.org')
})

test('an error is a StoreError with its code, model and issues, and its stack shows the caller', async (t) => {
  const store = open(t)
  async function theCaller() {
    await store.users.create({ email: 7, name: [] })
  }
  const error = await failure(theCaller())
  assert.ok(error instanceof StoreError && error instanceof Error)
  assert.equal(error.name, 'StoreError')
  assert.equal(error.code, 'VALIDATION')
  assert.equal(error.model, 'User')
  assert.deepEqual(error.issues.map((issue) => issue.path).sort(), ['email', 'name'])
  assert.match(error.stack, /^StoreError: .*\n[^]*theCaller/)
})

test('an error of a read from memory shows its caller too', async (t) => {
  const store = open(t)
  await store.open()
  async function theCaller() {
    return await store.users.findById(7)
  }
  assert.match((await failure(theCaller())).stack, /theCaller/)
})

test('two copies of StoreError agree on what one is, and a class above it is its own', () => {
  const copy = {}
  copy[Symbol.for('quilltap.StoreError')] = true
  class Above extends StoreError {}
  assert.ok(copy instanceof StoreError)
  assert.ok(new Above({ code: 'IO', message: 'x' }) instanceof Above)
  assert.ok(!(new StoreError({ code: 'IO', message: 'x' }) instanceof Above))
  assert.ok(!(null instanceof StoreError) && !(new Error('x') instanceof StoreError))
})

const cycle = {}
cycle.self = { cycle }
const LOST = [
  ['a BigInt', { parameters: { a: 1n } }, ['parameters.a']],
  [
    'NaN, Infinity and a function at once',
    { parameters: { a: [NaN], b: Infinity, c: () => 1 } },
    ['parameters.a[0]', 'parameters.b', 'parameters.c'],
  ],
  ['a symbol', { name: Symbol('x') }, ['name']],
  ['an invalid Date', { createdAt: new Date(NaN) }, ['createdAt']],
  ['undefined in a list', { tags: ['a', undefined] }, ['tags[1]']],
  ['an object that contains itself', cycle, ['self.cycle']],
]
for (const [what, value, paths] of LOST) {
  test(`${what} is refused with its path, not dropped`, async (t) => {
    const error = await failure(open(t).connections.create(value))
    assert.equal(error.code, 'VALIDATION')
    assert.deepEqual(
      error.issues.map((issue) => issue.path),
      paths,
    )
  })
}

test('a getter that throws is a VALIDATION error that keeps what was thrown', async (t) => {
  const thrown = new Error('no')
  const error = await failure(
    open(t).users.create({
      get name() {
        throw thrown
      },
    }),
  )
  assert.equal(error.code, 'VALIDATION')
  assert.equal(error.cause, thrown)
})

test('a Date is taken as a time, undefined in a record leaves a field alone', async (t) => {
  const store = open(t)
  const made = await store.users.create({ email: 'a@example.org', emailVerified: new Date(0), name: undefined })
  assert.equal(made.emailVerified, '1970-01-01T00:00:00.000Z')
  assert.ok(!('name' in made))
})

test("promises keep the caller's async context", async (t) => {
  const store = open(t)
  const context = new AsyncLocalStorage()
  await context.run('mine', async () => {
    await store.users.create({ email: 'a@example.org' })
    assert.equal(context.getStore(), 'mine')
  })
})

test('a failed opening fails every call that waits, and the next call tries again', async (t) => {
  const dataDir = path.join(folder(), 'data')
  fs.writeFileSync(dataDir, 'a file where the folder should be')
  const store = createStore({ dataDir })
  const errors = await Promise.all([failure(store.users.findAll()), failure(store.tags.findAll())])
  for (const error of errors) assert.ok(error instanceof StoreError, error)
  fs.rmSync(dataDir)
  assert.deepEqual(await store.users.findAll(), [])
  await store.close()
})

test('what goes wrong beneath the calls is an IO error that asks to be reported, and nothing waits for ever', async () => {
  const text = program(
    folder(),
    `const { NativeStore } = require(${JSON.stringify(path.join(root, 'generated/native.js'))})
    const panic = () => { throw new Error('index out of bounds') }
    const told = (error) => console.log(error instanceof StoreError, error.code, error.message)
    store.open().then(async () => {
      Object.assign(NativeStore.prototype, { read: panic, write: panic })
      await store.users.findAll().catch(told)
      await store.users.create({ email: 'a@example.org' }).catch(told)
    })`,
  )
  const line = 'true IO internal error in quilltap-store: index out of bounds; please report it\n'
  assert.equal((await run(text)).stdout, line + line)
})

test('options that are not known or do not fit are refused together, with a likely name', () => {
  const refuse = (options, expected) => assert.throws(() => createStore(options), expected)
  refuse({ datadir: 'x', durability: 'safe' }, (error) => {
    assert.ok(error instanceof StoreError)
    assert.deepEqual(
      error.issues.map((issue) => issue.path),
      ['datadir', 'durability'],
    )
    assert.match(error.message, /did you mean dataDir\?/)
    return true
  })
  refuse({ locktimeOut: 1 }, /did you mean lockTimeout/)
  refuse({ fnord: 1 }, /one of dataDir, database, payloads, durability/)
  refuse({ dataDir: '' }, { code: 'VALIDATION' })
  refuse({ maxRecordBytes: 1e300 }, { code: 'VALIDATION' })
  refuse({ lockTimeout: Symbol('x') }, { code: 'VALIDATION' })
  refuse(null, { code: 'VALIDATION' })
  refuse('data', { code: 'VALIDATION' })
})

test('the example of the README can be written down with a passphrase', () => {
  for (const passphrase of [undefined, 'text', new Uint8Array(4), async () => 'text']) createStore({ passphrase })
  assert.throws(
    () => createStore({ passphrase: 7 }),
    (error) => error.code === 'VALIDATION',
  )
})

test('the folder is that of the moment: DATA_DIR, else ./data', async (t) => {
  const before = [process.env.DATA_DIR, process.cwd()]
  const [one, two] = [folder(), folder()]
  t.after(() => {
    process.chdir(before[1])
    if (before[0] === undefined) delete process.env.DATA_DIR
  })
  process.env.DATA_DIR = one
  const first = createStore()
  delete process.env.DATA_DIR
  process.chdir(two)
  const second = createStore()
  process.chdir(before[1])
  await Promise.all([first.users.create({ email: 'a@example.org' }), second.users.create({ email: 'b@example.org' })])
  await Promise.all([first.close(), second.close()])
  assert.ok(fs.existsSync(path.join(one, 'settings/general.json')))
  assert.ok(fs.existsSync(path.join(two, 'data/settings/general.json')))
})

test('await using closes the store', { skip: !Symbol.asyncDispose }, async (t) => {
  const store = open(t)
  await store.open()
  await store[Symbol.asyncDispose]()
  assert.equal((await failure(store.users.findAll())).code, 'CLOSED')
})

test('the adapter is a plain object of functions that need no this, and gives Dates', async (t) => {
  const adapter = QuilltapAdapter(open(t))
  assert.equal(Object.getPrototypeOf(adapter), Object.prototype)
  assert.equal(adapter.then, undefined)
  const { createUser, createSession, getSessionAndUser, linkAccount, getAccount, deleteSession, useVerificationToken } =
    { ...adapter }
  const user = await createUser({ email: 'a@example.org', emailVerified: new Date(5) })
  assert.deepEqual(user.emailVerified, new Date(5))
  const expires = new Date(Date.now() + 1e6)
  assert.deepEqual((await createSession({ sessionToken: 't', userId: user.id, expires })).expires, expires)
  const found = await getSessionAndUser('t')
  assert.deepEqual([found.session.expires, found.user.emailVerified], [expires, new Date(5)])
  assert.equal(await getSessionAndUser('none'), null)
  assert.equal(await deleteSession('none'), null)
  assert.equal(await useVerificationToken({ identifier: 'a', token: 'none' }), null)
  const account = {
    userId: user.id,
    type: 'oauth',
    provider: 'p',
    providerAccountId: '1',
    expires: '2026-01-01T00:00:00.000Z',
    'not-before-policy': 0,
  }
  await linkAccount(account)
  const kept = await getAccount('1', 'p')
  assert.deepEqual({ ...kept, ...account }, kept)
})

test('any Date is kept, by a repository and by the adapter', async (t) => {
  const store = open(t)
  const adapter = QuilltapAdapter(store)
  const dates = [-8.64e15, Date.UTC(-1, 0), Date.UTC(9999, 11, 31, 23, 59, 59, 999), Date.UTC(99999, 5), 8.64e15]
  for (const [at, ms] of dates.entries()) {
    const date = new Date(ms)
    const user = await store.users.create({ email: `${at}@example.org`, emailVerified: date })
    assert.equal(user.emailVerified, date.toISOString())
    const { expires } = await adapter.createSession({ sessionToken: `t${at}`, userId: user.id, expires: date })
    assert.deepEqual(expires, date)
    assert.deepEqual((await adapter.getUser(user.id)).emailVerified, date)
  }
})

test('the adapter refuses what it cannot do', (t) => {
  const store = open(t)
  assert.throws(() => QuilltapAdapter(store, { encryptTokens: 'yes' }), /encryptTokens: expected true or false/)
  assert.throws(() => QuilltapAdapter(store, { encryptToken: true }), /did you mean encryptTokens\?/)
  assert.throws(() => QuilltapAdapter({}), /expected a store from createStore, got an object/)
  QuilltapAdapter(store, { encryptTokens: false, hashSessionTokens: undefined })
})
