// From Auth.js to Better Auth and back: what a dry run tells, what is made, and who stays signed in.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { passkey } from '@better-auth/passkey'
import { QuilltapAdapter, createStore } from '../../index.js'
import { authJsCookie } from './adapter.mjs'
import { ada, authOn, cookiesOf, failure, folder, storeFor } from './support.mjs'

const credential = Buffer.from('credential of Ada').toString('base64')

/** A store as an app on Auth.js leaves it: a password, a provider, a passkey, a second factor. */
async function authJsStore(store) {
  const authJs = QuilltapAdapter(store)
  const { id: userId } = await store.users.create({
    email: ada.email,
    name: 'Ada',
    passwordHash: 'hash of correct horse',
  })
  await store.users.create({ email: 'b@example.test', totp: { ciphertext: 'c', iv: 'i', authTag: 't', enabled: true } })
  await authJs.linkAccount({ userId, type: 'oidc', provider: 'azure-ad', providerAccountId: '7', access_token: 'a' })
  const expires = new Date(Date.now() + 3_600_000)
  await authJs.createSession({ sessionToken: 'token of Auth.js', userId, expires })
  await authJs.createAuthenticator({
    userId,
    credentialID: credential,
    providerAccountId: credential,
    credentialPublicKey: 'key',
    counter: 7,
    credentialDeviceType: 'multiDevice',
    credentialBackedUp: true,
    transports: 'usb,nfc',
  })
  return userId
}

const counts = (entries) => Object.fromEntries(entries.map(({ what, records }) => [what, records]))

test('a dry run tells what would be done, and does nothing', async (t) => {
  const store = storeFor(t)
  await authJsStore(store)
  const events = []
  store.on('change', (event) => events.push(event))
  const { done, attention, dryRun } = await store.migrateAuth({ to: 'better-auth', dryRun: true })
  assert.equal(dryRun, true)
  assert.deepEqual(counts(done), { users: 2, sessions: 1, accounts: 1, passwords: 1, providers: 0 })
  assert.deepEqual(counts(attention), { passkeys: 1, 'second factors': 1, 'azure-ad': 1 })
  await store.flush()
  assert.deepEqual(events, [])
  assert.equal(await store.accounts.count(), 1)
})

test('there and back again loses nothing, and twice is as once', async (t) => {
  const store = storeFor(t)
  const userId = await authJsStore(store)
  const auth = authOn(store, { plugins: [passkey()] })
  const { adapter, internalAdapter } = await auth.$context
  await adapter.count({ model: 'passkey' })
  const forwards = { to: 'better-auth', providers: { 'azure-ad': 'microsoft' } }
  const there = await store.migrateAuth(forwards)
  assert.deepEqual(counts(there.done), { users: 2, sessions: 1, accounts: 1, passwords: 1, providers: 1, passkeys: 1 })
  assert.deepEqual(counts(there.attention), { 'second factors': 1 })
  const again = counts((await store.migrateAuth(forwards)).done)
  assert.deepEqual([again.passwords, again.providers, again.passkeys], [0, 0, 0])

  assert.equal((await auth.api.signInEmail({ body: ada })).user.id, userId)
  const session = await internalAdapter.findSession('token of Auth.js')
  assert.equal(session.user.id, userId)
  const key = await adapter.findOne({ model: 'passkey', where: [{ field: 'userId', value: userId }] })
  const { credentialID, publicKey, counter, deviceType, backedUp, transports } = key
  assert.deepEqual(
    [Buffer.from(credentialID, 'base64url').toString(), publicKey, counter, deviceType, backedUp, transports],
    ['credential of Ada', 'key', 7, 'multiDevice', true, 'usb,nfc'],
  )
  const linked = await adapter.findMany({ model: 'account', where: [{ field: 'userId', value: userId }] })
  assert.deepEqual(linked.map(({ providerId }) => providerId).sort(), ['credential', 'microsoft'])

  const other = {
    userId,
    publicKey: 'key2',
    credentialID: 'bmV3',
    counter: 0,
    deviceType: 'singleDevice',
    backedUp: false,
  }
  await adapter.create({ model: 'passkey', data: other })
  const back = await store.migrateAuth({ to: 'auth.js', providers: { 'azure-ad': 'microsoft' } })
  assert.deepEqual(counts(back.done), { users: 2, sessions: 2, passwords: 1, providers: 1, passkeys: 1 })
  const authJs = QuilltapAdapter(store)
  assert.equal((await authJs.getUserByAccount({ provider: 'azure-ad', providerAccountId: '7' })).id, userId)
  assert.equal((await authJs.getUserByAccount({ provider: 'passkey', providerAccountId: 'bmV3' })).id, userId)
  assert.equal((await authJs.listAuthenticatorsByUserId(userId)).length, 2)
  assert.equal((await store.users.findById(userId)).passwordHash, 'hash of correct horse')
  assert.equal((await authJs.getSessionAndUser('token of Auth.js')).user.id, userId)
})

test('while both serve the app, who is signed in at one is at the other', async (t) => {
  const store = storeFor(t)
  const userId = await authJsStore(store)
  await store.migrateAuth({ to: 'better-auth' })
  for (const [name, given] of [
    [undefined, 'authjs.session-token'],
    ['next-auth.session-token', 'next-auth.session-token'],
  ]) {
    const auth = authOn(store, { plugins: [authJsCookie({ name })] })
    const cookie = `${name ?? '__Secure-next-auth.session-token'}=${encodeURIComponent('token of Auth.js')}`
    const request = (headers) => new Request('http://localhost:3000/api/auth/get-session', { headers })
    const known = await auth.handler(request({ cookie }))
    assert.equal((await known.json()).user.id, userId)
    const forged = await auth.handler(request({ cookie: cookie.replace('token%20of', 'another%20of') }))
    assert.equal(await forged.json(), null)

    const response = await auth.api.signInEmail({ body: ada, asResponse: true })
    const cookies = cookiesOf(response).get('cookie').split('; ')
    const theirs = cookies.find((line) => line.startsWith(`${given}=`)).slice(given.length + 1)
    const { token } = await response.json()
    assert.equal(decodeURIComponent(theirs), token)
    assert.equal((await QuilltapAdapter(store).getSessionAndUser(token)).user.id, userId)
    const out = await auth.api.signOut({ headers: cookiesOf(response), asResponse: true })
    assert.match(
      out.headers.getSetCookie().find((line) => line.startsWith(`${given}=`)),
      /^[^=]+=; Max-Age=0/,
    )
    assert.equal(await QuilltapAdapter(store).getSessionAndUser(token), null)
  }
})

test('a password that is changed at Better Auth is no longer the app’s', async (t) => {
  const store = storeFor(t)
  const userId = await authJsStore(store)
  await store.migrateAuth({ to: 'better-auth' })
  const { internalAdapter } = await authOn(store).$context
  await internalAdapter.updatePassword(userId, 'hash of another')
  assert.equal((await store.users.findById(userId)).passwordHash, null)
  await store.migrateAuth({ to: 'auth.js' })
  assert.equal((await store.users.findById(userId)).passwordHash, 'hash of another')
})

test('what cannot be done whole is not done', async (t) => {
  const store = storeFor(t)
  const userId = await authJsStore(store)
  const taken = { userId, type: 'oidc', provider: 'microsoft', providerAccountId: '7' }
  await QuilltapAdapter(store).linkAccount(taken)
  const error = await failure(store.migrateAuth({ to: 'better-auth', providers: { 'azure-ad': 'microsoft' } }))
  assert.equal(error.code, 'UNIQUE')
  assert.equal(await store.accounts.count(), 2)
  for (const wrong of [
    {},
    { to: 'clerk' },
    { to: 'better-auth', providers: { a: 7 } },
    { to: 'auth.js', force: true },
  ]) {
    assert.equal((await failure(store.migrateAuth(wrong))).code, 'VALIDATION', JSON.stringify(wrong))
  }
})

test('`npx quilltap-store migrate-auth` does the same', async () => {
  const dataDir = folder()
  const store = createStore({ dataDir })
  await authJsStore(store)
  await store.close()
  const program = fileURLToPath(new URL('../../bin/quilltap-store.js', import.meta.url))
  const run = (...args) =>
    spawnSync(process.execPath, [program, 'migrate-auth', '--data-dir', path.join(dataDir), ...args], {
      encoding: 'utf8',
    })
  const dry = run('--to', 'better-auth', '--dry-run')
  assert.equal(dry.status, 1, dry.stderr)
  assert.match(dry.stdout, /^this would be done; nothing was changed:\n/)
  assert.match(dry.stdout, / 1 {2}passwords: /)
  const args = ['--to', 'better-auth', '--provider', 'azure-ad=microsoft', '--json']
  const made = JSON.parse(run(...args).stdout)
  assert.deepEqual([made.dryRun, counts(made.done).passwords, counts(made.done).providers], [false, 1, 1])
  assert.equal(run('--to', 'better-auth', '--provider', 'azure-ad').status, 2)
  assert.equal(run('--to', 'clerk').status, 2)
  assert.equal(run('--to', 'auth.js').status, 0)
})
