// Sign-in with the real next-auth 4 and Auth.js 5, over the adapter.

import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import quilltap from '../../index.js'
import { startProvider } from './provider.mjs'
import { serve } from './servers.mjs'

const { createStore, QuilltapAdapter } = quilltap

for (const version of ['next-auth 4', 'Auth.js 5']) {
  describe(version, { concurrency: false }, () => {
    let one, other, dataDir, store, server

    before(async () => {
      ;[one, other] = await Promise.all([startProvider(), startProvider()])
    })
    after(() => {
      one.end()
      other.end()
    })
    beforeEach(async () => {
      one.person = { sub: 'p1', name: 'Will', email: 'will@globe.example' }
      other.person = { sub: 'q1', name: 'Will', email: 'will@globe.example' }
      dataDir = await mkdtemp(join(tmpdir(), 'quilltap-auth-'))
      store = createStore({ dataDir })
    })
    afterEach(async () => {
      server?.end()
      await store.close()
      await rm(dataDir, { recursive: true, force: true })
    })

    const start = async (adapter = QuilltapAdapter(store), session) => {
      server?.end()
      const issuers = [
        { id: 'one', issuer: one.issuer },
        { id: 'other', issuer: other.issuer },
      ]
      server = await serve(version, { adapter, issuers, session })
      return server
    }

    test('by a link in a mail, which works once', async () => {
      const { browser } = await start()
      const person = browser()
      const link = await person.mailLink('Will@Globe.example')
      await person.follow(link)
      const session = await person.session()
      assert.equal(session.user.email, 'will@globe.example')
      const user = await store.users.findByEmail('WILL@globe.example')
      assert.equal(session.userId, user.id)
      assert.match(user.emailVerified, /^\d{4}-.*Z$/)
      assert.equal(await store.verificationTokens.count(), 0)
      const thief = browser()
      const { at } = await thief.follow(link)
      assert.match(at.href, /error/i)
      assert.deepEqual((await thief.session()) ?? {}, {})
      // Once more, as one who is known.
      const again = browser()
      await again.follow(await again.mailLink('will@globe.example'))
      assert.equal((await again.session()).userId, user.id)
      assert.equal(await store.users.count(), 1)
    })

    test('a session is refreshed when it is due, and ends with sign-out', async () => {
      const { browser } = await start(undefined, { maxAge: 1000, updateAge: 0 })
      const person = browser()
      await person.follow(await person.mailLink('will@globe.example'))
      const [before] = await store.sessions.findAll()
      await store.sessions.update(before.id, { expires: new Date(Date.now() + 500_000) })
      await Promise.all([person.session(), person.session(), person.session()])
      const [refreshed] = await store.sessions.findAll()
      assert.ok(Date.parse(refreshed.expires) > Date.now() + 900_000)
      await person.signOut()
      assert.equal(await store.sessions.count(), 0)
      assert.deepEqual((await person.session()) ?? {}, {})
    })

    test('an expired session signs nobody in, and goes', async () => {
      const { browser } = await start()
      const person = browser()
      await person.follow(await person.mailLink('will@globe.example'))
      const [session] = await store.sessions.findAll()
      await store.sessions.update(session.id, { expires: new Date(Date.now() - 1000) })
      assert.deepEqual((await person.session()) ?? {}, {})
      assert.equal(await store.sessions.count(), 0)
    })

    test('with a provider, whose every word on the account is kept', async () => {
      const { browser } = await start()
      const person = browser()
      await person.signInWith('one')
      const session = await person.session()
      assert.equal(session.user.name, 'Will')
      await store.flush()
      const { accounts } = JSON.parse(await readFile(join(dataDir, 'auth', 'accounts.json'), 'utf8'))
      assert.equal(accounts.length, 1)
      assert.equal(accounts[0].providerAccountId, 'p1')
      assert.equal(accounts[0].access_token, 'access-p1')
      assert.equal(accounts[0]['not-before-policy'], 0)
      assert.equal(accounts[0].ext_expires_in, 7200)
      const again = browser()
      await again.signInWith('one')
      assert.equal((await again.session()).userId, session.userId)
      assert.equal(await store.sessions.count(), 2)
    })

    test('a second provider is linked while signed in, and refused otherwise', async () => {
      const { browser } = await start()
      const person = browser()
      await person.signInWith('one')
      const { userId } = await person.session()
      const stranger = browser()
      const { at } = await stranger.signInWith('other')
      assert.match(at.href, /OAuthAccountNotLinked/)
      assert.equal(await store.accounts.count(), 1)
      await person.signInWith('other')
      assert.equal((await person.session()).userId, userId)
      assert.equal(await store.accounts.count(), 2)
      const later = browser()
      await later.signInWith('other')
      assert.equal((await later.session()).userId, userId)
    })

    test('two first sign-ins of one person at once lock nobody out', async () => {
      const { browser } = await start()
      const [left, right] = [browser(), browser()]
      await Promise.all([left.signInWith('one'), right.signInWith('one')])
      assert.equal(await store.users.count(), 1)
      assert.equal(await store.accounts.count(), 1)
      const later = browser()
      await later.signInWith('one')
      const [user] = await store.users.findAll()
      assert.equal((await later.session()).userId, user.id)
    })

    test('a first sign-in that was cut off can be done again', async () => {
      const adapter = QuilltapAdapter(store)
      let cut = true
      const linkAccount = (account) => {
        if (!cut) return adapter.linkAccount(account)
        cut = false
        throw new Error('the process died here')
      }
      const { browser } = await start({ ...adapter, linkAccount })
      const first = browser()
      await first.signInWith('one')
      assert.deepEqual((await first.session()) ?? {}, {})
      assert.equal(await store.users.count(), 1)
      const second = browser()
      await second.signInWith('one')
      const [user] = await store.users.findAll()
      assert.equal((await second.session()).userId, user.id)
      assert.equal(await store.users.count(), 1)
    })

    test('a user that somebody else made is nobody’s to take', async () => {
      const { browser } = await start()
      await store.users.create({ email: 'will@globe.example' })
      const person = browser()
      const { at } = await person.signInWith('one')
      assert.match(at.href, /OAuthAccountNotLinked/)
      assert.equal(await store.accounts.count(), 0)
    })
  })
}
