// Real flows through the example app: Next.js 16, servers on one folder, a loopback OpenID provider, and
// Chromium with a virtual authenticator. SKIP_BUILD=1 takes the app's last build.

import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { chromium } from 'playwright-core'
import { createOTP } from '@better-auth/utils/otp'
import provider from '../auth/provider.cjs'
import { createStore } from '../../index.js'
import { Person, build, start } from './app.mjs'
import { ada, folder } from './support.mjs'

before(build)

/** A server on a folder, and the test's own handle on that folder. */
async function serve(t, more) {
  const dataDir = folder()
  const server = await start(t, dataDir, more)
  const store = createStore({ dataDir })
  t.after(() => store.close())
  return { ...server, dataDir, store, person: () => new Person(server.address) }
}

async function signedUp(person, who = ada) {
  const { status, body } = await person.ask('/sign-up/email', who)
  assert.equal(status, 200, JSON.stringify(body))
  return body.user
}

test('e-mail and password, a session that is refreshed, and ones that are revoked', async (t) => {
  const { person, store, dataDir } = await serve(t)
  const [first, second] = [person(), person()]
  const user = await signedUp(first)
  const twice = await Promise.all(
    [1, 2].map((n) => person().ask('/sign-up/email', { ...ada, email: 'b@example.test', name: `${n}` })),
  )
  assert.deepEqual(twice.map(({ status }) => status).sort(), [200, 422])
  assert.equal((await second.ask('/sign-in/email', { ...ada, password: 'wrong horse' })).status, 401)
  assert.equal((await second.ask('/sign-in/email', ada)).status, 200)
  assert.match(await (await second.follow(`${second.address}/`)).text(), /Signed in as/)

  const sessions = await store.sessions.findByUserId(user.id)
  assert.equal(sessions.length, 2)
  assert.ok(sessions.every(({ sessionToken }) => sessionToken.startsWith('sha256:')))
  const soon = new Date(Date.now() + 3_600_000).toISOString()
  for (const { id } of sessions) await store.sessions.update(id, { expires: soon })
  assert.equal(await second.whoAmI(), ada.email)
  const refreshed = (await store.sessions.findByUserId(user.id)).filter(({ expires }) => expires > soon)
  assert.equal(refreshed.length, 1)

  // Another server on the same folder ends what the first one began.
  const other = new Person((await start(t, dataDir)).address)
  other.cookies = new Map(second.cookies)
  assert.equal(await other.whoAmI(), ada.email)
  const listed = (await other.ask('/list-sessions')).body
  assert.equal(listed.length, 2)
  const hash = listed.map(({ token }) => token).find((token) => token.startsWith('sha256:'))
  assert.equal((await other.ask('/revoke-session', { token: hash })).status, 200)
  assert.deepEqual([await first.whoAmI(), await second.whoAmI()], [undefined, ada.email])
  await second.ask('/sign-out', {})
  assert.equal(await other.whoAmI(), undefined)
})

test('a link by mail signs in once', async (t) => {
  const { person, mails, store } = await serve(t)
  const someone = person()
  await someone.ask('/sign-in/magic-link', { email: ada.email, callbackURL: '/' })
  const [link] = mails
  await someone.follow(link)
  assert.equal(await someone.whoAmI(), ada.email)
  const another = person()
  await another.follow(link)
  assert.equal(await another.whoAmI(), undefined)
  const [user] = await store.users.findAll()
  assert.notEqual(user.emailVerified, null)
})

test('an OpenID provider signs in, and is linked to who is signed in', async (t) => {
  const { url } = await provider.startProvider(t)
  const env = {
    OIDC_ISSUER: `${url}/hall`,
    OIDC_CLIENT_ID: provider.CLIENT.id,
    OIDC_CLIENT_SECRET: provider.CLIENT.secret,
  }
  const { person, store } = await serve(t, { env })
  const atProvider = (url, as) => `${url}&as=${encodeURIComponent(JSON.stringify(as))}`
  const claims = { sub: '7', email: 'grace@example.test', name: 'Grace', email_verified: true }
  const grace = person()
  const begun = await grace.ask('/sign-in/social', { provider: 'hall', callbackURL: '/' })
  await grace.follow(atProvider(begun.body.url, claims))
  assert.equal(await grace.whoAmI(), 'grace@example.test')
  const [account] = await store.accounts.findAll()
  assert.deepEqual([account.provider, account.providerAccountId, account.type], ['hall', '7', 'oauth'])
  assert.ok(account.access_token && account.id_token && account.expires_at)

  const someone = person()
  const user = await signedUp(someone)
  const linking = await someone.ask('/link-social', { provider: 'hall', callbackURL: '/' })
  await someone.follow(atProvider(linking.body.url, { sub: '8', email: ada.email, name: 'Ada', email_verified: true }))
  const providers = (await store.accounts.findByUserId(user.id)).map(({ provider }) => provider)
  assert.deepEqual(providers.sort(), ['credential', 'hall'])
})

test('a second factor, an organization and an API key', async (t) => {
  const { person, store } = await serve(t)
  const owner = person()
  const user = await signedUp(owner)
  const { totpURI, backupCodes } = (await owner.ask('/two-factor/enable', { password: ada.password })).body
  const code = () => createOTP(secretOf(totpURI)).totp()
  assert.equal((await owner.ask('/two-factor/verify-totp', { code: await code() })).status, 200)
  const again = person()
  assert.equal((await again.ask('/sign-in/email', ada)).body.twoFactorRedirect, true)
  assert.equal(await again.whoAmI(), undefined)
  assert.equal((await again.ask('/two-factor/verify-totp', { code: '000000' })).status, 401)
  assert.equal((await again.ask('/two-factor/verify-backup-code', { code: backupCodes[0] })).status, 200)
  assert.equal(await again.whoAmI(), ada.email)
  assert.equal((await store.users.findById(user.id)).twoFactorEnabled, true)

  const made = await again.ask('/organization/create', { name: 'Analysts', slug: 'analysts' })
  assert.equal(made.status, 200)
  const guest = person()
  await signedUp(guest, { ...ada, email: 'guest@example.test' })
  const invited = await again.ask('/organization/invite-member', {
    email: 'guest@example.test',
    role: 'member',
    organizationId: made.body.id,
  })
  assert.equal((await guest.ask('/organization/accept-invitation', { invitationId: invited.body.id })).status, 200)
  const members = (await guest.ask('/organization/get-full-organization')).body.members
  assert.equal(members.length, 2)

  const key = (await again.ask('/api-key/create', { name: 'script' })).body
  const known = (await again.ask('/api-key/list')).body
  assert.ok(key.key.length > 20)
  assert.equal((known.apiKeys ?? known).length, 1)
  await store.users.delete(user.id)
  assert.equal(await again.whoAmI(), undefined)
})

test('a passkey, in a browser', async (t) => {
  const { address, store } = await serve(t)
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu'],
  })
  t.after(() => browser.close())
  const page = await browser.newPage()
  page.setDefaultTimeout(60_000)
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('WebAuthn.enable')
  const options = { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true }
  const always = { isUserVerified: true, automaticPresenceSimulation: true }
  await devtools.send('WebAuthn.addVirtualAuthenticator', { options: { ...options, ...always } })
  await page.goto(address)
  const signUp = await page.request.post(`${address}/api/auth/sign-up/email`, {
    data: ada,
    headers: { origin: address },
  })
  assert.equal(signUp.status(), 200)
  await page.goto(address)
  await page.getByRole('button', { name: 'Add a passkey' }).click()
  await page.getByText('The passkey is kept.').waitFor()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('heading', { name: 'Nobody is signed in' }).waitFor()
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
  await page.getByRole('heading', { name: `Signed in as ${ada.email}` }).waitFor()
  assert.equal(await store.sessions.count(), 1)
})

/** The secret in the address that an authenticator app scans. */
function secretOf(uri) {
  const base32 = new URL(uri).searchParams.get('secret')
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const bits = [...base32].map((letter) => letters.indexOf(letter).toString(2).padStart(5, '0')).join('')
  return Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2))).toString()
}
