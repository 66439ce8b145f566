// What Better Auth's own suites for adapters do not ask: one store under two libraries, what lies in
// the files, plugins that come and go, secrets, several processes.

import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { admin, deviceAuthorization, jwt, organization, twoFactor, username } from 'better-auth/plugins'
import { apiKey } from '@better-auth/api-key'
import { oauthProvider } from '@better-auth/oauth-provider'
import { passkey } from '@better-auth/passkey'
import { QuilltapAdapter, createStore } from '../../index.js'
import { quilltapAdapter } from './adapter.mjs'
import { ada, adapterOn, authOn, cookiesOf, failure, folder, signUp, storeFor } from './support.mjs'

const eq = (field, value) => [{ field, value }]
const soon = () => new Date(Date.now() + 3_600_000)
const PLUGINS = [
  twoFactor(),
  passkey(),
  organization({ teams: { enabled: true } }),
  admin(),
  username(),
  apiKey(),
  deviceAuthorization(),
  jwt(),
  oauthProvider({ loginPage: '/sign-in', consentPage: '/consent', silenceWarnings: { oauthAuthServerConfig: true } }),
]

test('a person whom Auth.js knows is one of Better Auth’s, and so are their account and their session', async (t) => {
  const store = storeFor(t)
  const authJs = QuilltapAdapter(store)
  const verified = new Date('2026-01-02T03:04:05.678Z')
  const made = await authJs.createUser({ email: 'Ada@Example.test', name: null, emailVerified: verified })
  const tokens = {
    access_token: 'a',
    refresh_token: 'r',
    id_token: 'i',
    expires_at: 1_900_000_000,
    scope: 'openid email',
  }
  await authJs.linkAccount({ userId: made.id, type: 'oidc', provider: 'google', providerAccountId: '7', ...tokens })
  await authJs.createSession({ sessionToken: 'token', userId: made.id, expires: soon() })

  const adapter = await adapterOn(store)
  const user = await adapter.findOne({ model: 'user', where: eq('email', 'ada@example.test') })
  assert.deepEqual([user.id, user.name, user.emailVerified], [made.id, '', true])
  const account = await adapter.findOne({
    model: 'account',
    where: [...eq('providerId', 'google'), ...eq('accountId', '7')],
  })
  const told = [account.accessToken, account.refreshToken, account.idToken, account.scope, account.accessTokenExpiresAt]
  assert.deepEqual(told, ['a', 'r', 'i', 'openid,email', new Date(1_900_000_000_000)])
  const session = await adapter.findOne({ model: 'session', where: eq('token', 'token'), join: { user: true } })
  assert.deepEqual([session.userId, session.user.id, session.createdAt], [made.id, made.id, new Date(0)])

  const refreshed = { accessToken: 'b', accessTokenExpiresAt: new Date('2031-01-01T00:00:00.250Z') }
  const changed = await adapter.update({ model: 'account', where: eq('id', account.id), update: refreshed })
  assert.deepEqual([changed.accessToken, changed.accessTokenExpiresAt], ['b', refreshed.accessTokenExpiresAt])
  const seen = await authJs.getAccount('7', 'google')
  assert.deepEqual([seen.access_token, seen.expires_at], ['b', 1_924_992_000])
  assert.deepEqual(
    Object.keys(seen).filter((key) => /[A-Z]/.test(key)),
    ['userId', 'providerAccountId'],
  )
})

test('a person whom Better Auth knows is one of Auth.js’s, without what only Better Auth has', async (t) => {
  const store = storeFor(t)
  const { user, token } = await signUp(authOn(store))
  const authJs = QuilltapAdapter(store)
  const known = { id: user.id, email: ada.email, name: 'Ada', emailVerified: null }
  assert.deepEqual(await authJs.getUserByEmail('ADA@example.test'), known)
  const { session } = await authJs.getSessionAndUser(token)
  assert.deepEqual(Object.keys(session).sort(), ['expires', 'sessionToken', 'userId'])
  assert.deepEqual(await authJs.getUserByAccount({ provider: 'credential', providerAccountId: user.id }), known)
  const account = await authJs.getAccount(user.id, 'credential')
  assert.deepEqual(account, {
    userId: user.id,
    type: 'credentials',
    provider: 'credential',
    providerAccountId: user.id,
  })
})

test('a record has the store’s names, whatever Better Auth calls a table and its fields', async (t) => {
  const dataDir = folder()
  const store = createStore({ dataDir })
  t.after(() => store.close())
  const user = { modelName: 'people', fields: { email: 'email_address', name: 'full_name' } }
  const { headers } = await signUp(authOn(store, { plugins: PLUGINS, user }))
  const [known] = await store.users.findAll()
  assert.deepEqual([known.email, known.name, known.role], [ada.email, 'Ada', 'user'])
  const [session] = await store.sessions.findAll()
  assert.deepEqual(Object.keys(session).slice(0, 4), ['id', 'sessionToken', 'userId', 'expires'])
  const renamed = await authOn(store, { plugins: PLUGINS, user }).api.getSession({ headers })
  assert.equal(renamed.user.name, 'Ada')
  await store.flush()
  assert.match(fs.readFileSync(path.join(dataDir, '.gitignore'), 'utf8'), /^auth\/$/m)
})

test('what several clauses ask for', async (t) => {
  const adapter = await adapterOn(storeFor(t))
  const made = { email: 'x@example.test', emailVerified: false }
  for (const name of ['a', 'b', 'c']) {
    const image = name === 'c' ? null : `${name}.png`
    await adapter.create({ model: 'user', data: { ...made, name, email: `${name}@example.test`, image } })
  }
  await adapter.update({ model: 'user', where: eq('name', 'b'), update: { emailVerified: true } })
  const or = (field, value, operator = 'eq') => ({ field, value, operator, connector: 'OR' })
  const and = (field, value, operator = 'eq') => ({ field, value, operator })
  const cases = [
    [[], 'abc'],
    [[or('name', 'a'), or('name', 'c')], 'ac'],
    // All of those joined by AND, and one of those joined by OR.
    [[and('emailVerified', false), or('name', 'b'), or('name', 'c')], 'c'],
    [[and('name', ['a', 'b'], 'in')], 'ab'],
    [[and('name', [], 'in')], ''],
    [[and('name', [], 'not_in')], 'abc'],
    [[and('image', [], 'not_in')], 'abc'],
    [[and('image', ['a.png'], 'not_in')], 'b'],
    [[and('image', null)], 'c'],
    [[and('image', null, 'ne')], 'ab'],
    [[and('image', 'a.png', 'ne')], 'b'],
    [[and('image', null, 'lt')], ''],
    [[and('image', 'B', 'starts_with')], ''],
    [[{ ...and('image', 'B', 'starts_with'), mode: 'insensitive' }], 'b'],
    [[and('image', '.', 'contains')], 'ab'],
    [[and('image', '%', 'contains')], ''],
    [[and('name', 'b', 'gte')], 'bc'],
    [[and('emailVerified', true)], 'b'],
    [[and('emailVerified', true, 'ne')], 'ac'],
    [[and('emailVerified', [true, false], 'in')], 'abc'],
    [[and('emailVerified', [], 'not_in')], 'abc'],
    [[and('createdAt', new Date(0), 'gt')], 'abc'],
    [[and('createdAt', [new Date(0)], 'in')], ''],
  ]
  for (const [where, names] of cases) {
    const found = await adapter.findMany({ model: 'user', where, sortBy: { field: 'name', direction: 'asc' } })
    assert.equal(found.map(({ name }) => name).join(''), names, JSON.stringify(where))
    assert.equal(await adapter.count({ model: 'user', where }), names.length, JSON.stringify(where))
  }
  const byImage = (direction) => adapter.findMany({ model: 'user', sortBy: { field: 'image', direction } })
  assert.deepEqual(
    (await byImage('asc')).map(({ name }) => name),
    ['c', 'a', 'b'],
  )
  assert.deepEqual(
    (await byImage('desc')).map(({ name }) => name),
    ['b', 'a', 'c'],
  )
})

test('what is of a wrong type is refused, by its field', async (t) => {
  const store = storeFor(t)
  for (const wrong of [undefined, null, {}, 'store', 7]) {
    assert.throws(() => quilltapAdapter(wrong), { code: 'VALIDATION' })
  }
  for (const wrong of [{ encrypt: true }, { encryptTokens: 'yes' }]) {
    assert.throws(() => quilltapAdapter(store, wrong), { code: 'VALIDATION' })
  }
  const adapter = await adapterOn(store, { plugins: PLUGINS })
  const user = await adapter.create({ model: 'user', data: { name: 'Ada', email: ada.email, emailVerified: false } })
  const wrong = [
    ['user', { name: 7, email: 'b@example.test', emailVerified: false }],
    ['user', { name: 'B', email: { $ne: null }, emailVerified: false }],
    ['user', { name: 'B', email: 'b@example.test', emailVerified: 'yes' }],
    ['session', { userId: user.id, token: 7, expiresAt: soon() }],
    ['session', { userId: user.id, token: '', expiresAt: soon() }],
    ['session', { userId: user.id, token: 't', expiresAt: 7 }],
    ['account', { userId: user.id, providerId: ['google'], accountId: '7' }],
    ['account', { userId: user.id, providerId: 'google', accountId: '7', accessTokenExpiresAt: 7 }],
    ['verification', { identifier: {}, value: 'v', expiresAt: soon() }],
    ['twoFactor', { userId: user.id, secret: 7, backupCodes: 'b' }],
    ['passkey', { userId: user.id, publicKey: 'k', credentialID: 'c', counter: 'seven', deviceType: 'd', backedUp: 1 }],
  ]
  for (const [model, data] of wrong) {
    assert.equal((await failure(adapter.create({ model, data }))).code, 'VALIDATION', JSON.stringify(data))
  }
  for (const where of [eq('email', 7), eq('email', { $gt: '' }), [{ field: 'email', operator: 'like', value: 'a' }]]) {
    assert.equal((await failure(adapter.findOne({ model: 'user', where }))).code, 'VALIDATION', JSON.stringify(where))
  }
  const nobody = { userId: 'nobody', token: 't', expiresAt: soon() }
  assert.equal((await failure(adapter.create({ model: 'session', data: nobody }))).code, 'FOREIGN_KEY')
  assert.equal(await adapter.count({ model: 'user' }), 1)
})

test('the tables of plugins make themselves, with uniques, references and cascades', async (t) => {
  const store = storeFor(t)
  const auth = authOn(store, { plugins: PLUGINS })
  const { headers, user } = await signUp(auth, { ...ada, username: 'ada_l' })
  const { adapter } = await auth.$context
  const made = await auth.api.createOrganization({ headers, body: { name: 'Analysts', slug: 'analysts' } })
  await auth.api.createApiKey({ headers, body: { name: 'key' } })
  await auth.api.enableTwoFactor({ headers, body: { password: ada.password } })
  const counts = async () => {
    const models = ['organization', 'member', 'team', 'apikey', 'twoFactor']
    return Object.fromEntries(await Promise.all(models.map(async (model) => [model, await adapter.count({ model })])))
  }
  assert.deepEqual(await counts(), { organization: 1, member: 1, team: 1, apikey: 1, twoFactor: 1 })
  const same = { ...ada, email: 'other@example.test', username: 'ada_l' }
  assert.equal((await failure(auth.api.signUpEmail({ body: same }))).body.code, 'USERNAME_IS_ALREADY_TAKEN')
  const taken = { name: 'B', email: 'b@example.test', emailVerified: false, username: 'ada_l' }
  assert.equal((await failure(adapter.create({ model: 'user', data: taken }))).code, 'UNIQUE')
  const stranger = { organizationId: made.id, userId: 'nobody', role: 'member', createdAt: new Date() }
  assert.equal((await failure(adapter.create({ model: 'member', data: stranger }))).code, 'FOREIGN_KEY')
  await adapter.delete({ model: 'user', where: eq('id', user.id) })
  assert.deepEqual({ ...(await counts()), apikey: 0 }, { organization: 1, member: 0, team: 1, apikey: 0, twoFactor: 0 })
  assert.equal(await store.sessions.count(), 0)
})

test('a plugin that is taken out loses nothing, and one that comes back finds its rows', async () => {
  const dataDir = folder()
  /** Does something with Better Auth over the folder, opened for that alone. */
  const within = async (plugins, work) => {
    const store = createStore({ dataDir })
    const auth = authOn(store, { plugins })
    const done = await work(auth, (await auth.$context).adapter, store)
    await store.close()
    return done
  }
  const file = path.join(dataDir, 'auth/plugins/organization.jsonl')
  const { user } = await within([], (auth) => signUp(auth))
  await within([organization(), admin()], async (auth, adapter) => {
    const data = { name: 'Analysts', slug: 'analysts', createdAt: new Date() }
    const { id } = await adapter.create({ model: 'organization', data })
    await adapter.create({
      model: 'member',
      data: { organizationId: id, userId: user.id, role: 'owner', createdAt: new Date() },
    })
    await adapter.update({ model: 'user', where: eq('id', user.id), update: { role: 'admin' } })
  })
  const before = fs.readFileSync(file, 'utf8')
  await within([], async (auth, adapter, store) => {
    await adapter.update({ model: 'user', where: eq('id', user.id), update: { name: 'Ada L.' } })
    await store.compact()
  })
  assert.equal(fs.readFileSync(file, 'utf8'), before)
  await within([organization({ teams: { enabled: true } }), admin(), twoFactor()], async (auth, adapter) => {
    const found = await adapter.findOne({ model: 'member', where: eq('userId', user.id) })
    assert.equal(found.role, 'owner')
    assert.equal((await adapter.findOne({ model: 'user', where: eq('id', user.id) })).role, 'admin')
    assert.equal(await adapter.count({ model: 'team' }), 0)
  })
  // Who does not know of them deletes them with their user.
  const store = createStore({ dataDir })
  await store.users.delete(user.id)
  await store.close()
  assert.doesNotMatch(fs.readFileSync(path.join(dataDir, 'auth/plugins/member.jsonl'), 'utf8'), /owner/)
})

test('a transaction is a real one, and what is asked in it by another adapter belongs to it', async (t) => {
  const store = storeFor(t)
  const adapter = await adapterOn(store)
  const data = (name) => ({ name, email: `${name}@example.test`, emailVerified: false })
  const failed = adapter.transaction(async (tx) => {
    await tx.create({ model: 'user', data: data('a') })
    await adapter.create({ model: 'user', data: data('b') })
    assert.equal(await adapter.count({ model: 'user' }), 2)
    assert.equal(await store.users.count(), 0)
    await adapter.transaction(() => adapter.create({ model: 'user', data: data('c') }))
    throw new Error('undone')
  })
  await assert.rejects(failed, { message: 'undone' })
  assert.equal(await adapter.count({ model: 'user' }), 0)
  const late = await adapter.transaction(async (tx) => {
    await tx.create({ model: 'user', data: data('a') })
    return async () => tx.count({ model: 'user' })
  })
  assert.equal(await late(), 1)
  assert.equal((await store.users.findAll())[0].name, 'a')
})

test('two sign-ups of one address at once make one user', async (t) => {
  const store = storeFor(t)
  const auth = authOn(store)
  const answers = await Promise.all([1, 2, 3, 4].map(() => auth.api.signUpEmail({ body: ada, asResponse: true })))
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 422, 422, 422])
  assert.deepEqual([await store.users.count(), await store.accounts.count()], [1, 1])
})

test('with `encryptTokens` tokens are sealed at rest, and those of before are once they are written', async (t) => {
  const dataDir = folder()
  const store = createStore({ dataDir, passphrase: 'a passphrase' })
  t.after(() => store.close())
  const clear = await adapterOn(store)
  const user = await clear.create({ model: 'user', data: { name: 'Ada', email: ada.email, emailVerified: false } })
  const data = {
    userId: user.id,
    providerId: 'google',
    accountId: '7',
    accessToken: 'secret-a',
    refreshToken: 'secret-r',
  }
  const account = await clear.create({ model: 'account', data })
  const adapter = await adapterOn(store, {}, { encryptTokens: true })
  const where = eq('id', account.id)
  assert.equal((await adapter.findOne({ model: 'account', where })).accessToken, 'secret-a')
  await adapter.update({ model: 'account', where, update: { accessToken: 'secret-b', refreshToken: 'secret-s' } })
  await adapter.create({ model: 'account', data: { ...data, accountId: '8', idToken: 'secret-i' } })
  await store.flush()
  const text = fs.readFileSync(path.join(dataDir, 'auth/accounts.json'), 'utf8')
  assert.doesNotMatch(text, /secret-/)
  const told = await adapter.findMany({ model: 'account', where: eq('userId', user.id) })
  assert.deepEqual(
    told.map(({ accessToken, idToken }) => [accessToken, idToken ?? null]),
    [
      ['secret-b', null],
      ['secret-a', 'secret-i'],
    ],
  )
  const joined = await adapter.findOne({ model: 'user', where: eq('id', user.id), join: { account: true } })
  assert.equal(joined.account[0].refreshToken, 'secret-s')
  assert.equal(
    (await QuilltapAdapter(store, { encryptTokens: true }).getAccount('7', 'google')).access_token,
    'secret-b',
  )
})

test('with `hashSessionTokens` a token is nowhere at rest, and its hash ends a session without being one', async (t) => {
  const dataDir = folder()
  const store = createStore({ dataDir })
  t.after(() => store.close())
  const auth = authOn(store, {}, { hashSessionTokens: true })
  const first = await signUp(auth)
  const again = await auth.api.signInEmail({ body: ada, asResponse: true })
  const other = cookiesOf(again)
  const { token } = await again.json()
  await store.flush()
  assert.doesNotMatch(
    fs.readFileSync(path.join(dataDir, 'auth/sessions.jsonl'), 'utf8'),
    new RegExp(`${token}|${first.token}`),
  )
  assert.equal((await auth.api.getSession({ headers: other })).session.token, token)
  const hashes = (await store.sessions.findAll()).map(({ sessionToken }) => sessionToken)
  const { internalAdapter } = await auth.$context
  for (const hash of hashes) {
    const { session } = await internalAdapter.findSession(hash)
    assert.deepEqual(session.expiresAt, new Date(0))
  }
  // One's own session keeps its token in a list; only the others end.
  await auth.api.revokeOtherSessions({ headers: first.headers })
  assert.equal((await auth.api.getSession({ headers: first.headers })).user.email, ada.email)
  assert.equal(await auth.api.getSession({ headers: other }), null)
  await signUp(auth, { ...ada, email: 'b@example.test' })
  assert.equal(await store.sessions.count(), 2)
})

test('a session that is listed by its hash is ended by it', async (t) => {
  const dataDir = folder()
  const store = createStore({ dataDir })
  t.after(() => store.close())
  const auth = authOn(store, {}, { hashSessionTokens: true })
  const { headers, token } = await signUp(auth)
  // Another process signs the same person in.
  await workerOn(dataDir, 'signIn')
  const listed = await auth.api.listSessions({ headers })
  assert.equal(listed.length, 2)
  const hash = listed.map((session) => session.token).find((each) => each !== token)
  assert.match(hash, /^sha256:/)
  await auth.api.revokeSession({ headers, body: { token: hash } })
  assert.equal((await auth.api.listSessions({ headers })).length, 1)
  assert.equal((await auth.api.getSession({ headers })).session.token, token)
})

/** Another process, which does what it is told and says what came of it. */
async function workerOn(dataDir, task, ...args) {
  const worker = fork(fileURLToPath(new URL('worker.mjs', import.meta.url)), [dataDir, task, ...args.map(String)])
  const [answer] = await once(worker, 'message')
  await once(worker, 'exit')
  return answer
}

test('of many processes one consumes a row, and none of their additions is lost', async (t) => {
  const dataDir = folder()
  const store = createStore({ dataDir })
  t.after(() => store.close())
  const adapter = await adapterOn(store, { plugins: PLUGINS })
  const data = { identifier: 'code', value: 'v', expiresAt: soon() }
  for (let n = 0; n < 5; n++) await adapter.create({ model: 'verification', data: { ...data, value: `v${n}` } })
  const user = await adapter.create({ model: 'user', data: { name: 'Ada', email: ada.email, emailVerified: false } })
  const key = { userId: user.id, publicKey: 'k', credentialID: 'c', counter: 0, deviceType: 'd', backedUp: false }
  await adapter.create({ model: 'passkey', data: key })
  const found = await Promise.all([1, 2, 3].map(() => workerOn(dataDir, 'race', 20)))
  assert.deepEqual(found.flatMap(({ consumed }) => consumed).sort(), ['v0', 'v1', 'v2', 'v3', 'v4'])
  assert.equal((await adapter.findOne({ model: 'passkey', where: eq('credentialID', 'c') })).counter, 60)
})

test('a process that is killed between a user and their account leaves neither', async (t) => {
  const dataDir = folder()
  const worker = fork(fileURLToPath(new URL('worker.mjs', import.meta.url)), [dataDir, 'dieInSignUp'])
  await once(worker, 'exit')
  assert.equal(worker.signalCode, 'SIGKILL')
  const store = createStore({ dataDir })
  t.after(() => store.close())
  assert.deepEqual([await store.users.count(), await store.accounts.count()], [0, 0])
  const { user } = await signUp(authOn(store))
  assert.equal(user.email, ada.email)
})

test('ids that are numbers count up, and none comes twice', async (t) => {
  const store = storeFor(t)
  const adapter = await adapterOn(store, { advanced: { database: { generateId: 'serial' } } })
  const make = (name) =>
    adapter.create({ model: 'user', data: { name, email: `${name}@example.test`, emailVerified: false } })
  const ids = []
  for (const name of ['a', 'b', 'c']) ids.push((await make(name)).id)
  await adapter.delete({ model: 'user', where: eq('id', '3') })
  ids.push((await make('d')).id)
  assert.deepEqual(ids, ['1', '2', '3', '4'])
})

test('a row that is referred to by another field than its id takes those with it that refer to it', async (t) => {
  const adapter = await adapterOn(storeFor(t), { plugins: PLUGINS })
  const client = await adapter.create({ model: 'oauthClient', data: { clientId: 'a client', redirectUris: [] } })
  const token = (clientId) => ({ model: 'oauthAccessToken', data: { token: `of ${clientId}`, clientId, scopes: [] } })
  await adapter.create(token('a client'))
  assert.equal((await failure(adapter.create(token('nobody')))).code, 'FOREIGN_KEY')
  const where = eq('id', client.id)
  const renamed = adapter.update({ model: 'oauthClient', where, update: { clientId: 'renamed' } })
  assert.equal((await failure(renamed)).code, 'FOREIGN_KEY')
  await adapter.delete({ model: 'oauthClient', where })
  assert.equal(await adapter.count({ model: 'oauthAccessToken' }), 0)
})

/** A plugin of which a later version lets each code be there once. */
const coupons = (unique) => ({ id: 'coupons', schema: { coupon: { fields: { code: { type: 'string', unique } } } } })

test('what a later version of a plugin makes unique becomes so, or the rows that hinder it are named', async (t) => {
  const dataDir = folder()
  const store = createStore({ dataDir })
  t.after(() => store.close())
  const before = await adapterOn(store, { plugins: [coupons(false)] })
  const made = []
  for (const code of ['a', 'b', 'a']) made.push(await before.create({ model: 'coupon', data: { code } }))
  const later = await adapterOn(store, { plugins: [coupons(true)] })
  const refused = await failure(later.count({ model: 'coupon' }))
  assert.equal(refused.code, 'UNIQUE')
  assert.ok(refused.message.includes(made[0].id) && refused.message.includes(made[2].id), refused.message)
  assert.match(refused.message, /code of AuthCoupon shall be unique/)
  await before.delete({ model: 'coupon', where: eq('id', made[2].id) })
  assert.equal(await later.count({ model: 'coupon' }), 2)
  // It holds for the older version too, and for whoever opens the folder anew.
  for (const adapter of [later, before]) {
    assert.equal((await failure(adapter.create({ model: 'coupon', data: { code: 'a' } }))).code, 'UNIQUE')
  }
  assert.deepEqual(await workerOn(dataDir, 'coupon'), { code: 'UNIQUE' })
})

test('a field with the name of the store’s own mark is refused', async (t) => {
  const user = { additionalFields: { signUp: { type: 'string', required: false } } }
  const adapter = await adapterOn(storeFor(t), { user })
  const { code, message } = await failure(adapter.count({ model: 'user' }))
  assert.equal(code, 'VALIDATION')
  assert.match(message, /another name for this field of user/)
})

test('the command that makes a schema is told that none is needed', async (t) => {
  const auth = authOn(storeFor(t))
  const { adapter } = await auth.$context
  const log = t.mock.method(console, 'log', () => {})
  assert.equal((await adapter.createSchema(auth.options)).code, '')
  assert.match(log.mock.calls[0].arguments[0], /needs no schema/)
})
