// What the cores expect of any adapter: every method, on a store alone.
'use strict'

const assert = require('node:assert/strict')
const { randomUUID } = require('node:crypto')
const { afterEach, beforeEach, describe, it } = require('node:test')
const { createStore, QuilltapAdapter, StoreError } = require('../..')
const { failure, folder } = require('../package/support.cjs')
const { adapterOptions, storeOptions } = require('./sealed.cjs')

const METHODS = [
  'createUser',
  'getUser',
  'getUserByEmail',
  'getUserByAccount',
  'updateUser',
  'deleteUser',
  'linkAccount',
  'unlinkAccount',
  'createSession',
  'getSessionAndUser',
  'updateSession',
  'deleteSession',
  'createVerificationToken',
  'useVerificationToken',
  'getAccount',
  'getAuthenticator',
  'createAuthenticator',
  'listAuthenticatorsByUserId',
  'updateAuthenticatorCounter',
]
const DAY = 86_400_000
const inDays = (days) => new Date(Date.now() + days * DAY)

let store
let adapter
let user

beforeEach(async () => {
  store = createStore({ dataDir: folder(), ...storeOptions })
  adapter = QuilltapAdapter(store, adapterOptions)
  user = await adapter.createUser(person())
})

afterEach(() => store.close())

const person = (more) => ({
  id: randomUUID(),
  email: 'will@globe.example',
  name: 'Will',
  image: 'https://globe.example/will.png',
  emailVerified: inDays(-1),
  ...more,
})
const newAccount = (more) => ({
  userId: user.id,
  provider: 'guild',
  providerAccountId: randomUUID(),
  type: 'oauth',
  access_token: 'a',
  id_token: 'i',
  refresh_token: 'r',
  token_type: 'bearer',
  scope: 'user',
  session_state: 's',
  expires_at: 1_800_000_000,
  ...more,
})
const newSession = (more) => ({ sessionToken: randomUUID(), userId: user.id, expires: inDays(7), ...more })
const newToken = (more) => ({ identifier: 'info@globe.example', token: randomUUID(), expires: inDays(1), ...more })
const newCredential = (more) => ({
  credentialID: randomUUID(),
  userId: user.id,
  providerAccountId: randomUUID(),
  credentialPublicKey: 'cHVibGlj',
  counter: 0,
  credentialDeviceType: 'singleDevice',
  credentialBackedUp: false,
  transports: 'usb,nfc',
  ...more,
})

describe('the object', () => {
  it('has every method as a property of its own, and nothing else', () => {
    assert.deepEqual(Object.keys(adapter).sort(), METHODS.toSorted())
    assert.equal(Object.getPrototypeOf(adapter), Object.prototype)
  })

  it('works when its methods are copied and called without it', async () => {
    const copy = {}
    for (const name of Object.keys(adapter)) copy[name] = adapter[name]
    const { getUser, getUserByEmail } = copy
    assert.deepEqual(await getUser(user.id), user)
    assert.deepEqual(await getUserByEmail.call(undefined, user.email), user)
  })

  it('is one of several on a store, and needs a store', async () => {
    assert.deepEqual(await QuilltapAdapter(store, {}).getUser(user.id), user)
    assert.throws(() => QuilltapAdapter({}), { code: 'VALIDATION' })
    assert.throws(() => QuilltapAdapter(), { code: 'VALIDATION' })
  })
})

describe('users', () => {
  it('are given back key for key, with the id that was given', async () => {
    const given = person({ email: 'b@globe.example' })
    assert.deepEqual(await adapter.createUser(given), given)
    assert.deepEqual(await adapter.getUser(given.id), given)
    assert.deepEqual(await adapter.getUserByEmail(given.email), given)
  })

  it('get an id when none is given', async () => {
    const { id: _, ...given } = person({ email: 'c@globe.example' })
    const made = await adapter.createUser(given)
    assert.match(made.id, /^[0-9a-f-]{36}$/)
    assert.deepEqual(made, { id: made.id, ...given })
  })

  it('keep absent keys absent and null ones null', async () => {
    const given = { id: randomUUID(), email: 'd@globe.example', emailVerified: null, name: undefined, image: null }
    const made = await adapter.createUser(given)
    assert.deepEqual(made, { id: given.id, email: given.email, emailVerified: null, image: null })
    await adapter.linkAccount(newAccount({ userId: made.id }))
    assert.deepEqual(await adapter.getUser(made.id), made)
    assert.equal('name' in (await adapter.getUserByEmail(made.email)), false)
  })

  it('are null when they are not there', async () => {
    assert.equal(await adapter.getUser(randomUUID()), null)
    assert.equal(await adapter.getUserByEmail('nobody'), null)
    assert.equal(await adapter.getUserByAccount({ provider: 'p', providerAccountId: 'a' }), null)
  })

  it('are found by address without case', async () => {
    assert.equal((await adapter.getUserByEmail('WILL@Globe.EXAMPLE')).id, user.id)
    const error = await failure(adapter.createUser(person({ email: 'Will@globe.example' })))
    assert.ok(error instanceof StoreError)
    assert.equal(error.code, 'UNIQUE')
  })

  it('take times as Date and as text, and give Date', async () => {
    const time = inDays(-2)
    const made = await adapter.createUser(person({ email: 'e@globe.example', emailVerified: time.toISOString() }))
    assert.deepEqual(made.emailVerified, time)
    const changed = await adapter.updateUser({ id: made.id, emailVerified: inDays(-1).toISOString() })
    assert.ok(changed.emailVerified instanceof Date)
    assert.ok((await adapter.getUser(made.id)).emailVerified instanceof Date)
  })

  it('change only in what is given', async () => {
    assert.deepEqual(await adapter.updateUser({ id: user.id, name: 'William' }), { ...user, name: 'William' })
    assert.deepEqual(await adapter.updateUser({ id: user.id, name: undefined, image: null }), {
      ...user,
      name: 'William',
      image: null,
    })
    assert.ok((await failure(adapter.updateUser({ id: randomUUID(), name: 'x' }))) instanceof StoreError)
  })

  it('leave no old address behind when it changes', async () => {
    await adapter.updateUser({ id: user.id, email: 'new@globe.example' })
    assert.equal(await adapter.getUserByEmail('will@globe.example'), null)
    assert.equal((await adapter.getUserByEmail('new@globe.example')).id, user.id)
    await adapter.createUser(person())
  })

  it('show nobody their secrets', async () => {
    await store.users.update(user.id, { passwordHash: '$argon2id$' })
    for (const shown of [await adapter.getUser(user.id), await adapter.getUserByEmail(user.email)])
      assert.deepEqual(shown, user)
  })

  it('go with everything that is theirs', async () => {
    const [account, session, credential] = [newAccount(), newSession(), newCredential()]
    await adapter.linkAccount(account)
    await adapter.createSession(session)
    await adapter.createSession(newSession())
    await adapter.createAuthenticator(credential)
    await adapter.deleteUser(user.id)
    assert.equal(await adapter.getUser(user.id), null)
    assert.equal(await adapter.getSessionAndUser(session.sessionToken), null)
    assert.equal(await adapter.getUserByAccount(account), null)
    assert.equal(await adapter.getAccount(account.providerAccountId, account.provider), null)
    assert.equal(await adapter.getAuthenticator(credential.credentialID), null)
    assert.equal(await adapter.deleteUser(user.id), null)
  })
})

describe('accounts', () => {
  it('are given back key for key, whatever the keys are', async () => {
    const account = newAccount({
      'not-before-policy': 0,
      ext_expires_in: 3599,
      expires: '2030',
      'x-list': [{ a: null }],
    })
    assert.deepEqual(await adapter.linkAccount(account), account)
    assert.deepEqual(await adapter.getAccount(account.providerAccountId, account.provider), account)
    assert.deepEqual(await adapter.getUserByAccount(account), user)
  })

  it('are asked for by account first and provider second', async () => {
    await adapter.linkAccount(newAccount({ provider: 'one', providerAccountId: 'two' }))
    assert.equal((await adapter.getAccount('two', 'one')).userId, user.id)
    assert.equal(await adapter.getAccount('one', 'two'), null)
  })

  it('are several to a user, and one for each pair', async () => {
    const accounts = [newAccount(), newAccount(), newAccount({ provider: 'hall' })]
    for (const account of accounts) await adapter.linkAccount(account)
    for (const account of accounts) assert.deepEqual(await adapter.getUserByAccount(account), user)
    const other = await adapter.createUser(person({ id: randomUUID(), email: 'f@globe.example' }))
    const error = await failure(adapter.linkAccount({ ...accounts[0], userId: other.id }))
    assert.equal(error.code, 'UNIQUE')
    // Linked again to its own user it is the same account.
    await adapter.linkAccount(accounts[0])
    assert.equal((await adapter.getUserByAccount(accounts[0])).id, user.id)
  })

  it('are kept in the forms of an account, in whichever a provider tells them', async () => {
    // Auth.js 5 takes the id of Strava as it comes: a number.
    const told = newAccount({ providerAccountId: 5, scope: ['read', 'activity:read'], expires_at: '1800000000.9' })
    const kept = { ...told, providerAccountId: '5', scope: 'read activity:read', expires_at: 1_800_000_000 }
    assert.deepEqual(await adapter.linkAccount(told), kept)
    assert.deepEqual(await adapter.linkAccount(told), kept, 'a second time it is the same one')
    for (const providerAccountId of [5, '5']) {
      assert.equal((await adapter.getUserByAccount({ provider: 'guild', providerAccountId })).id, user.id)
      assert.deepEqual(await adapter.getAccount(providerAccountId, 'guild'), kept)
    }
    const credential = newCredential({ providerAccountId: 5 })
    assert.equal((await adapter.createAuthenticator(credential)).providerAccountId, '5')
    assert.deepEqual(await adapter.unlinkAccount({ provider: 'guild', providerAccountId: 5 }), kept)
    assert.equal(await adapter.getAccount('5', 'guild'), null)
    for (const [expires_at, seconds] of [
      [1_800_000_000.5, 1_800_000_000],
      ['1800000000', 1_800_000_000],
      [null, null],
    ]) {
      assert.equal((await adapter.linkAccount(newAccount({ expires_at }))).expires_at, seconds)
    }
    for (const wrong of [
      { expires_at: 'soon' },
      { scope: [5] },
      { providerAccountId: true },
      { providerAccountId: {} },
    ]) {
      assert.equal((await failure(adapter.linkAccount(newAccount(wrong)))).code, 'VALIDATION', JSON.stringify(wrong))
    }
  })

  it('need a user', async () => {
    assert.equal((await failure(adapter.linkAccount(newAccount({ userId: randomUUID() })))).code, 'FOREIGN_KEY')
  })

  it('are gone when they are unlinked; twice is no error', async () => {
    const account = newAccount()
    await adapter.linkAccount(account)
    assert.deepEqual(await adapter.unlinkAccount(account), account)
    assert.equal(await adapter.getUserByAccount(account), null)
    assert.equal(await adapter.unlinkAccount(account), null)
    assert.deepEqual(await adapter.getUser(user.id), user)
  })
})

describe('sessions', () => {
  it('are given back with their user', async () => {
    const session = newSession()
    assert.deepEqual(await adapter.createSession(session), session)
    assert.deepEqual(await adapter.getSessionAndUser(session.sessionToken), { session, user })
    assert.equal(await adapter.getSessionAndUser('another'), null)
  })

  it('take their end as text too, and keep other columns', async () => {
    const session = newSession({ device: 'phone' })
    await adapter.createSession({ ...session, expires: session.expires.toISOString() })
    assert.deepEqual((await adapter.getSessionAndUser(session.sessionToken)).session, session)
  })

  it('change only in what is given', async () => {
    const session = newSession({ device: 'phone' })
    await adapter.createSession(session)
    const expires = inDays(30)
    const { sessionToken } = session
    assert.deepEqual(await adapter.updateSession({ sessionToken, expires }), { ...session, expires })
    assert.deepEqual(await adapter.updateSession({ sessionToken, expires }), { ...session, expires })
    assert.deepEqual((await adapter.getSessionAndUser(sessionToken)).session, { ...session, expires })
    assert.equal(await adapter.updateSession({ sessionToken: 'gone', expires }), null)
  })

  it('are given even when they have expired, for the core looks at that', async () => {
    const session = newSession({ expires: inDays(-1) })
    await adapter.createSession(session)
    assert.deepEqual((await adapter.getSessionAndUser(session.sessionToken))?.session, session)
  })

  it('are gone when they are deleted, the others not; twice is no error', async () => {
    const [session, other] = [newSession(), newSession()]
    await adapter.createSession(session)
    await adapter.createSession(other)
    assert.deepEqual(await adapter.deleteSession(session.sessionToken), session)
    assert.equal(await adapter.getSessionAndUser(session.sessionToken), null)
    assert.equal(await adapter.deleteSession(session.sessionToken), null)
    assert.deepEqual((await adapter.getSessionAndUser(other.sessionToken)).session, other)
  })

  it('need a user, and a token of their own', async () => {
    assert.equal((await failure(adapter.createSession(newSession({ userId: randomUUID() })))).code, 'FOREIGN_KEY')
    const session = newSession()
    await adapter.createSession(session)
    assert.equal((await failure(adapter.createSession(session))).code, 'UNIQUE')
  })
})

describe('one-time tokens', () => {
  it('are given once, without an id', async () => {
    const token = newToken()
    assert.deepEqual(await adapter.createVerificationToken(token), token)
    assert.deepEqual(await adapter.useVerificationToken({ identifier: token.identifier, token: token.token }), token)
    assert.equal(await adapter.useVerificationToken({ identifier: token.identifier, token: token.token }), null)
  })

  it('are found without an identifier, and not with another one', async () => {
    const token = newToken()
    await adapter.createVerificationToken({ ...token, expires: token.expires.toISOString() })
    assert.equal(await adapter.useVerificationToken({ identifier: 'other@globe.example', token: token.token }), null)
    assert.deepEqual(await adapter.useVerificationToken({ token: token.token }), token)
  })

  it('are given even when they have expired, and used up by it', async () => {
    const token = newToken({ expires: inDays(-1) })
    await adapter.createVerificationToken(token)
    assert.deepEqual(await adapter.useVerificationToken(token), token)
    assert.equal(await adapter.useVerificationToken(token), null)
  })

  it('are several to an address', async () => {
    const tokens = [newToken(), newToken(), newToken()]
    for (const token of tokens) await adapter.createVerificationToken(token)
    for (const token of tokens.toReversed()) assert.deepEqual(await adapter.useVerificationToken(token), token)
  })

  it('may be the same for two people, as codes of six digits are, and are each one’s own', async () => {
    const [ann, bob, eve] = ['ann', 'bob', 'eve'].map((name) =>
      newToken({ identifier: `${name}@globe.example`, token: '123456' }),
    )
    for (const token of [ann, bob]) assert.deepEqual(await adapter.createVerificationToken(token), token)
    const use = ({ identifier, token }) => adapter.useVerificationToken({ identifier, token })
    assert.equal(await adapter.useVerificationToken({ token: '123456' }), null, 'whose is it?')
    assert.equal(await use(eve), null)
    assert.deepEqual(await use(bob), bob)
    assert.equal(await use(bob), null)
    assert.deepEqual(await use(ann), ann)
    for (const token of [ann, bob]) await adapter.createVerificationToken(token)
    assert.deepEqual(await use(ann), ann)
    assert.deepEqual(await adapter.useVerificationToken({ token: '123456' }), bob, 'the only one')
    assert.equal(await use(bob), null)
  })

  it('are nobody else’s, whatever a token says', async () => {
    const literal = newToken({ identifier: 'eve@globe.example', token: '123456 for bob@globe.example' })
    await adapter.createVerificationToken(literal)
    const asBob = { identifier: 'bob@globe.example', token: '123456' }
    assert.equal(await adapter.useVerificationToken(asBob), null)
    assert.equal(await adapter.useVerificationToken({ token: '123456' }), null)
    assert.deepEqual(await adapter.useVerificationToken(literal), literal)
  })

  it('give way to a newer one of the same person, and when they have expired', async () => {
    const [first, again] = [1, 2].map((days) => newToken({ token: '123456', expires: inDays(days) }))
    const other = newToken({ token: '123456', identifier: 'other@globe.example', expires: inDays(-1) })
    for (const token of [other, first, again]) await adapter.createVerificationToken(token)
    assert.deepEqual(await adapter.useVerificationToken({ token: '123456' }), again)
    assert.equal(await adapter.useVerificationToken(other), null, 'it gave way')
  })
})

describe('credentials', () => {
  it('are given back key for key', async () => {
    const { transports: _, ...bare } = newCredential()
    for (const credential of [newCredential(), bare, newCredential({ transports: null })]) {
      assert.deepEqual(await adapter.createAuthenticator(credential), credential)
      assert.deepEqual(await adapter.getAuthenticator(credential.credentialID), credential)
    }
    assert.equal(await adapter.getAuthenticator('unknown'), null)
  })

  it('are listed for their user, in the order in which they were made', async () => {
    const credentials = [newCredential(), newCredential(), newCredential()]
    for (const credential of credentials) await adapter.createAuthenticator(credential)
    assert.deepEqual(await adapter.listAuthenticatorsByUserId(user.id), credentials)
    assert.deepEqual(await adapter.listAuthenticatorsByUserId(randomUUID()), [])
  })

  it('are one for each id', async () => {
    const credential = newCredential()
    await adapter.createAuthenticator(credential)
    assert.equal((await failure(adapter.createAuthenticator(credential))).code, 'UNIQUE')
  })

  it('count their uses; an unknown one throws', async () => {
    const credential = newCredential()
    await adapter.createAuthenticator(credential)
    assert.deepEqual(await adapter.updateAuthenticatorCounter(credential.credentialID, 7), {
      ...credential,
      counter: 7,
    })
    assert.equal((await adapter.getAuthenticator(credential.credentialID)).counter, 7)
    const error = await failure(adapter.updateAuthenticatorCounter('unknown', 1))
    assert.ok(error instanceof StoreError)
  })
})
