// Many processes on one folder, and those who meet at a user that nobody owns yet.
'use strict'

const assert = require('node:assert/strict')
const { fork } = require('node:child_process')
const { once } = require('node:events')
const path = require('node:path')
const { test } = require('node:test')
const { createStore, QuilltapAdapter } = require('../..')
const { adapterOptions, storeOptions } = require('./sealed.cjs')
const { failure, folder } = require('../package/support.cjs')
const { open } = require('./store.cjs')

const PROCESSES = 8
const EMAIL = 'viola@illyria.example'
const soon = () => new Date(Date.now() + 600_000).toISOString()
const past = () => new Date(Date.now() - 1000)

/** Processes with the folder open, each of which makes one call at a time. */
async function crowd(t, dataDir) {
  const children = Array.from({ length: PROCESSES }, () => fork(path.join(__dirname, 'worker.cjs'), [dataDir]))
  const exits = children.map((child) => once(child, 'exit'))
  t.after(() => {
    for (const child of children) if (child.connected) child.disconnect()
    return Promise.all(exits)
  })
  const died = Promise.race(exits).then(() => assert.fail('a process died'))
  died.catch(() => {})
  const answers = () =>
    Promise.all(children.map(async (child) => (await Promise.race([once(child, 'message'), died]))[0]))
  await answers()
  return (method, args) => {
    const coming = answers()
    children.forEach((child, number) => child.send({ method, args: args(number) }))
    return coming
  }
}

const values = (answers) => answers.map(({ value, error }) => (assert.equal(error, undefined), value))

test('of 8 processes with one link, one gets it, every time', async (t) => {
  const dataDir = folder()
  const adapter = QuilltapAdapter(open(t, dataDir), adapterOptions)
  const all = await crowd(t, dataDir)
  for (let round = 0; round < 10; round++) {
    const token = { identifier: EMAIL, token: `t-${round}`, expires: soon() }
    await adapter.createVerificationToken(token)
    const taken = values(await all('useVerificationToken', () => [{ identifier: EMAIL, token: token.token }]))
    assert.deepEqual(taken.filter(Boolean), [token])
  }
})

test('sessions that 8 processes make at once are all there', async (t) => {
  const dataDir = folder()
  const adapter = QuilltapAdapter(open(t, dataDir), adapterOptions)
  const user = await adapter.createUser({ email: EMAIL, emailVerified: new Date() })
  const all = await crowd(t, dataDir)
  const tokens = []
  for (let round = 0; round < 5; round++) {
    const made = await all('createSession', (number) => [
      { sessionToken: `${round}-${number}`, userId: user.id, expires: soon() },
    ])
    tokens.push(...values(made).map((session) => session.sessionToken))
  }
  assert.equal(new Set(tokens).size, 5 * PROCESSES)
  for (const token of tokens) assert.equal((await adapter.getSessionAndUser(token)).user.id, user.id)
  // Signing one of them out everywhere at once is an error nowhere.
  const gone = values(await all('deleteSession', () => ['0-0']))
  assert.equal(gone.filter(Boolean).length, 1)
})

test('8 processes that refresh one session at once all succeed', async (t) => {
  const dataDir = folder()
  const adapter = QuilltapAdapter(open(t, dataDir), adapterOptions)
  const user = await adapter.createUser({ email: EMAIL, emailVerified: new Date() })
  await adapter.createSession({ sessionToken: 's', userId: user.id, expires: soon() })
  const all = await crowd(t, dataDir)
  const ends = Array.from({ length: PROCESSES }, (_, number) => new Date(Date.now() + 1e6 + number).toISOString())
  values(await all('updateSession', (number) => [{ sessionToken: 's', expires: ends[number] }]))
  assert.ok(ends.includes((await adapter.getSessionAndUser('s')).session.expires.toISOString()))
})

test('a new person in 8 processes at once is one user, with one account', async (t) => {
  const dataDir = folder()
  const adapter = QuilltapAdapter(open(t, dataDir), adapterOptions)
  const all = await crowd(t, dataDir)
  const users = values(await all('createUser', () => [{ email: EMAIL, emailVerified: null }]))
  assert.equal(new Set(users.map((user) => user.id)).size, 1)
  const account = { userId: users[0].id, provider: 'hall', providerAccountId: 'v', type: 'oauth' }
  for (const linked of values(await all('linkAccount', () => [account]))) assert.deepEqual(linked, account)
  assert.equal((await adapter.getUserByAccount(account)).id, users[0].id)
})

test('of 8 accounts that meet at one new user, the first is linked and no other', async (t) => {
  const dataDir = folder()
  const adapter = QuilltapAdapter(open(t, dataDir), adapterOptions)
  const all = await crowd(t, dataDir)
  const [{ id: userId }] = values(await all('createUser', () => [{ email: EMAIL, emailVerified: null }]))
  const linked = await all('linkAccount', (number) => [
    { userId, provider: `p${number}`, providerAccountId: 'v', type: 'oauth' },
  ])
  assert.equal(linked.filter(({ value }) => value).length, 1)
  for (const { error } of linked.filter(({ error }) => error)) assert.equal(error.code, 'UNIQUE')
  const owners = await Promise.all(
    linked.map((_, number) => adapter.getUserByAccount({ provider: `p${number}`, providerAccountId: 'v' })),
  )
  assert.equal(owners.filter(Boolean).length, 1)
})

const NOBODY = { email: EMAIL, emailVerified: null }
const account = (userId, provider) => ({ userId, provider, providerAccountId: '1', type: 'oauth' })

test('an attacker does not get into an account before its owner does', async (t) => {
  const adapter = QuilltapAdapter(open(t), adapterOptions)
  const attacker = await adapter.createUser({ ...NOBODY, name: 'Claudius', image: 'https://evil.example' })
  const victim = await adapter.createUser({ ...NOBODY, name: 'Viola' })
  assert.equal(attacker.id, victim.id)
  assert.deepEqual(victim, { ...NOBODY, id: victim.id, name: 'Viola', image: victim.image })
  assert.ok(!victim.image)
  await adapter.linkAccount(account(victim.id, 'hall'))
  const refused = await failure(adapter.linkAccount(account(attacker.id, 'evil')))
  assert.equal(refused.code, 'UNIQUE')
  assert.equal(await adapter.getUserByAccount(account(attacker.id, 'evil')), null)
  // From here on the address has an owner.
  assert.equal((await adapter.getUserByEmail(EMAIL)).id, victim.id)
  assert.equal((await failure(adapter.createUser(NOBODY))).code, 'UNIQUE')
})

test('an attacker who made a user first does not keep it from who proves the address', async (t) => {
  const adapter = QuilltapAdapter(open(t), adapterOptions)
  const attacker = await adapter.createUser(NOBODY)
  assert.equal(await adapter.getUserByEmail(EMAIL), null)
  const victim = await adapter.createUser({ email: EMAIL, emailVerified: new Date() })
  assert.equal((await failure(adapter.linkAccount(account(attacker.id, 'evil')))).code, 'UNIQUE')
  assert.equal((await adapter.getUserByEmail(EMAIL)).id, victim.id)
})

test('a user whom the adapter did not make is never taken up', async (t) => {
  const store = open(t)
  const adapter = QuilltapAdapter(store, adapterOptions)
  const made = await store.users.create({ email: EMAIL })
  assert.equal((await adapter.getUserByEmail(EMAIL)).id, made.id)
  assert.equal((await failure(adapter.createUser(NOBODY))).code, 'UNIQUE')
})

// With JWT sessions this is all that there ever is of who signed in by e-mail.
test('a user who was made with a proven address is never taken up', async (t) => {
  const adapter = QuilltapAdapter(open(t), adapterOptions)
  const { id } = await adapter.createUser({ email: EMAIL, emailVerified: new Date() })
  assert.equal((await adapter.getUserByEmail(EMAIL)).id, id)
  assert.equal((await failure(adapter.createUser(NOBODY))).code, 'UNIQUE')
})

for (const [what, take] of [
  ['an account', (adapter, { id }) => adapter.linkAccount(account(id, 'hall'))],
  ['a session', (adapter, { id }) => adapter.createSession({ sessionToken: 's', userId: id, expires: soon() })],
  ['a proof of the address', (adapter, { id }) => adapter.updateUser({ id, emailVerified: new Date() })],
  ['a password', (_, { id }, store) => store.users.update(id, { passwordHash: '$argon2id$' })],
  ['a tag', (_, { id }, store) => store.tags.create({ userId: id, name: 'a', nameLower: 'a' })],
]) {
  test(`a user with ${what} is never taken up, nor when it is gone`, async (t) => {
    const store = open(t)
    const adapter = QuilltapAdapter(store, adapterOptions)
    const user = await adapter.createUser(NOBODY)
    const owned = await take(adapter, user, store)
    assert.equal((await adapter.getUserByEmail(EMAIL)).id, user.id)
    if (what === 'an account') await adapter.unlinkAccount(owned)
    if (what === 'a session') await adapter.deleteSession('s')
    if (what === 'a tag') await store.tags.delete(owned.id)
    assert.equal((await adapter.getUserByEmail(EMAIL)).id, user.id)
    assert.equal((await failure(adapter.createUser(NOBODY))).code, 'UNIQUE')
  })
}

test('a sign-in that was cut off by the death of its process is taken up in the next', async (t) => {
  const dataDir = folder()
  const first = createStore({ dataDir, ...storeOptions })
  const { id } = await QuilltapAdapter(first, adapterOptions).createUser(NOBODY)
  await first.close()
  const adapter = QuilltapAdapter(open(t, dataDir), adapterOptions)
  assert.equal(await adapter.getUserByEmail(EMAIL), null)
  assert.equal((await adapter.createUser({ ...NOBODY, id: 'another' })).id, id)
})

test('what has expired is swept when the folder is opened, and what has not stays', async (t) => {
  const dataDir = folder()
  const first = createStore({ dataDir, ...storeOptions })
  const adapter = QuilltapAdapter(first, adapterOptions)
  const { id: userId } = await adapter.createUser({ email: EMAIL, emailVerified: new Date() })
  for (const [name, expires] of [
    ['old', past()],
    ['new', soon()],
  ]) {
    await adapter.createSession({ sessionToken: name, userId, expires })
    await adapter.createVerificationToken({ identifier: EMAIL, token: name, expires })
  }
  assert.ok(await adapter.getSessionAndUser('old'))
  await first.close()
  const next = open(t, dataDir)
  const again = QuilltapAdapter(next, adapterOptions)
  // A write comes behind the sweep, which waits since the folder was opened.
  await again.deleteSession('none')
  const { records } = await next.stats()
  assert.deepEqual([records.sessions, records.verificationTokens], [1, 1])
  assert.equal(await again.getSessionAndUser('old'), null)
  assert.equal(await again.useVerificationToken({ token: 'old' }), null)
  assert.ok(await again.getSessionAndUser('new'))
  assert.ok(await again.useVerificationToken({ token: 'new' }))
})
