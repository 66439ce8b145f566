// What the adapter's options promise of tokens at rest.
'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { createStore, QuilltapAdapter } = require('../..')
const { failure, folder } = require('../package/support.cjs')

const kdf = { memoryKib: 19_456, passes: 2 }
const passphrase = 'correct horse'
const account = {
  type: 'oauth',
  provider: 'guild',
  providerAccountId: '1',
  access_token: 'pl4nted access',
  refresh_token: 'pl4nted refresh',
  id_token: 'pl4nted id',
  oauth_token: 'pl4nted oauth',
  oauth_token_secret: 'pl4nted oauth secret',
  scope: 'user',
}
const soon = () => new Date(Date.now() + 86_400_000)

function open(t, options) {
  const store = createStore({ kdf, ...options })
  t.after(() => store.close())
  return store
}

/** The text of every file under a folder. */
function everything(dir) {
  const files = fs.readdirSync(dir, { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile())
  return files.map((file) => fs.readFileSync(path.join(file.parentPath, file.name), 'latin1')).join('\n')
}

test('tokens of accounts are sealed at rest and given clear', async (t) => {
  const dataDir = folder()
  const store = open(t, { dataDir, passphrase })
  const adapter = QuilltapAdapter(store, { encryptTokens: true })
  const { id } = await adapter.createUser({ email: 'will@globe.example', emailVerified: null })
  const linked = { ...account, userId: id }
  assert.deepEqual(await adapter.linkAccount(linked), linked)
  assert.deepEqual(await adapter.getAccount('1', 'guild'), linked)
  assert.ok(!everything(dataDir).includes('pl4nted'))
  const [row] = await store.accounts.findAll()
  for (const name of ['access_token', 'refresh_token', 'id_token', 'oauth_token', 'oauth_token_secret']) {
    assert.match(row[name], /^qts2\./)
    assert.equal(await store.accounts.reveal(row.id, name), account[name])
  }
  assert.equal(row.scope, 'user')
  // What the app refreshes itself is sealed from then on too.
  await store.accounts.update(row.id, { access_token: 'pl4nted next' })
  assert.equal((await adapter.getAccount('1', 'guild')).access_token, 'pl4nted next')
  await store.flush()
  assert.ok(!everything(dataDir).includes('pl4nted'))
  // An adapter that does not seal still gives what is sealed.
  assert.equal((await QuilltapAdapter(store).getAccount('1', 'guild')).access_token, 'pl4nted next')
  assert.deepEqual(await adapter.unlinkAccount(linked), { ...linked, access_token: 'pl4nted next' })
})

test('clear tokens from before are read, and sealed when the account is written', async (t) => {
  const dataDir = folder()
  const store = open(t, { dataDir, passphrase })
  const { id } = await QuilltapAdapter(store).createUser({ email: 'will@globe.example', emailVerified: null })
  const linked = { ...account, userId: id }
  await QuilltapAdapter(store).linkAccount(linked)
  const adapter = QuilltapAdapter(store, { encryptTokens: true })
  assert.deepEqual(await adapter.getAccount('1', 'guild'), linked)
  assert.match((await store.accounts.findAll())[0].access_token, /^pl4nted/)
  assert.deepEqual(await adapter.linkAccount(linked), linked)
  assert.match((await store.accounts.findAll())[0].access_token, /^qts2\./)
  await store.compact()
  assert.ok(!everything(dataDir).includes('pl4nted'))
})

test('without a passphrase sealed tokens are not given, and everything else works', async (t) => {
  const dataDir = folder()
  const before = open(t, { dataDir, passphrase })
  const sealing = QuilltapAdapter(before, { encryptTokens: true })
  const user = await sealing.createUser({ email: 'will@globe.example', emailVerified: null })
  await sealing.linkAccount({ ...account, userId: user.id })
  await before.close()
  const adapter = QuilltapAdapter(open(t, { dataDir }), { encryptTokens: true })
  assert.deepEqual(await adapter.getUserByAccount(account), user)
  assert.equal((await failure(adapter.getAccount('1', 'guild'))).code, 'NO_PASSPHRASE')
  const other = { ...account, providerAccountId: '2', userId: user.id }
  assert.equal((await failure(adapter.linkAccount(other))).code, 'NO_PASSPHRASE')
  // To let go of an account one needs no key.
  assert.equal((await adapter.unlinkAccount(account)).providerAccountId, '1')
  assert.equal(await adapter.getUserByAccount(account), null)
})

test('session tokens are hashed at rest and given as they came', async (t) => {
  const dataDir = folder()
  const store = open(t, { dataDir })
  const adapter = QuilltapAdapter(store, { hashSessionTokens: true })
  const user = await adapter.createUser({ email: 'will@globe.example', emailVerified: null })
  const session = { sessionToken: 'pl4nted token', userId: user.id, expires: soon() }
  assert.deepEqual(await adapter.createSession(session), session)
  for (let again = 0; again < 3; again++) {
    assert.deepEqual(await adapter.getSessionAndUser('pl4nted token'), { session, user })
  }
  const expires = new Date(soon().getTime() + 1000)
  const changed = { ...session, expires }
  assert.deepEqual(await adapter.updateSession({ sessionToken: 'pl4nted token', expires }), changed)
  assert.deepEqual(await adapter.getSessionAndUser('pl4nted token'), { session: changed, user })
  const [row] = await store.sessions.findAll()
  assert.match(row.sessionToken, /^sha256:[0-9a-f]{64}$/)
  await store.flush()
  assert.ok(!everything(dataDir).includes('pl4nted'))
  // Who has read the file is nobody's session, whichever way the adapter keeps tokens.
  for (const one of [adapter, QuilltapAdapter(store)]) {
    assert.equal(await one.getSessionAndUser(row.sessionToken), null)
    assert.equal(await one.updateSession({ sessionToken: row.sessionToken, expires }), null)
    assert.equal(await one.deleteSession(row.sessionToken), null)
  }
  assert.deepEqual(await QuilltapAdapter(store).getSessionAndUser('pl4nted token'), { session: changed, user })
  assert.deepEqual(await adapter.deleteSession('pl4nted token'), changed)
  assert.equal(await adapter.getSessionAndUser('pl4nted token'), null)
})

test('a clear session token from before is found, and hashed when the session is written', async (t) => {
  const dataDir = folder()
  const store = open(t, { dataDir })
  const user = await QuilltapAdapter(store).createUser({ email: 'will@globe.example', emailVerified: null })
  const session = { sessionToken: 'pl4nted token', userId: user.id, expires: soon() }
  await QuilltapAdapter(store).createSession(session)
  const adapter = QuilltapAdapter(store, { hashSessionTokens: true })
  assert.deepEqual(await adapter.getSessionAndUser('pl4nted token'), { session, user })
  assert.deepEqual(await adapter.updateSession({ sessionToken: 'pl4nted token', expires: session.expires }), session)
  assert.match((await store.sessions.findAll())[0].sessionToken, /^sha256:/)
  assert.deepEqual(await adapter.getSessionAndUser('pl4nted token'), { session, user })
  await store.compact()
  assert.ok(!everything(dataDir).includes('pl4nted'))
})

test('other options are refused', async (t) => {
  const store = open(t, { dataDir: folder() })
  assert.throws(() => QuilltapAdapter(store, { encryptTokens: 'yes' }), { code: 'VALIDATION' })
  assert.throws(() => QuilltapAdapter(store, { hashSessionToken: true }), /did you mean hashSessionTokens/)
})
