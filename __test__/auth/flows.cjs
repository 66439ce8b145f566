// What people do on a site, the same with NextAuth 4 and with Auth.js 5.
'use strict'

const assert = require('node:assert/strict')
const { createHash } = require('node:crypto')
const { test } = require('node:test')
const { EXTRAS } = require('./provider.cjs')
const { isSealed } = require('./sealed.cjs')
const { startSite } = require('./site.cjs')

const MAX_AGE = 1000_000
const UPDATE_AGE = 100_000
const HAMLET = 'hamlet@elsinore.example'
const hamlet = { sub: 'h-1', name: 'Hamlet', email: HAMLET }
const fresh = () => new Date(Date.now() + MAX_AGE)

/** A session token as its row has it. */
const kept = (token) => (isSealed ? `sha256:${createHash('sha256').update(token).digest('hex')}` : token)

/** Holds the first `count` calls of a method until all of them have come to their end. */
function together(name, count) {
  const waiting = []
  let came = 0
  return (adapter) => ({
    ...adapter,
    async [name](...args) {
      const result = await adapter[name](...args)
      if (++came < count) await new Promise((resolve) => waiting.push(resolve))
      else waiting.forEach((resolve) => resolve())
      return result
    },
  })
}

/** Breaks off before the first call of a method, as a process does that dies there. */
function dyingBefore(name) {
  let died = false
  return (adapter) => ({
    ...adapter,
    async [name](...args) {
      if (died) return adapter[name](...args)
      died = true
      throw new Error('the process died')
    },
  })
}

/** Two who both found no user, where the second comes to make one when the first is in. */
function oneAfterTheOther(adapter) {
  const { getUserByEmail } = together('getUserByEmail', 2)(adapter)
  let signedIn
  const first = new Promise((resolve) => (signedIn = resolve))
  let makers = 0
  return {
    ...adapter,
    getUserByEmail,
    async createUser(user) {
      if (++makers === 2) await first
      return adapter.createUser(user)
    },
    async createSession(session) {
      const made = await adapter.createSession(session)
      signedIn()
      return made
    },
  }
}

/** Links that have expired before they are sent. */
const late = (adapter) => ({
  ...adapter,
  createVerificationToken: (token) => adapter.createVerificationToken({ ...token, expires: new Date(Date.now() - 1) }),
})

function flows(core) {
  const flow = (name, body, change) =>
    test(`${core.name}: ${name}`, { timeout: 30_000 }, async (t) => body(await startSite(t, core, change)))

  /** Everything went well: no error page, nothing in the log, and a session. */
  async function signedIn(site, browser, page, email = HAMLET) {
    assert.deepEqual(site.errors, [])
    assert.deepEqual({ ...page, text: undefined }, { path: '/', error: null, status: 200, text: undefined })
    assert.equal((await browser.session())?.user.email, email)
  }

  const userOf = async (site, browser) => (await site.plain.getSessionAndUser(browser.token)).user

  flow('a link by e-mail signs in once', async (site) => {
    const browser = site.browser()
    assert.equal(await browser.session(), null)
    const link = await browser.askForLink('  Hamlet@Elsinore.example ')
    await signedIn(site, browser, await browser.open(link))
    const user = await userOf(site, browser)
    assert.ok(user.emailVerified instanceof Date)
    const thief = site.browser()
    assert.equal((await thief.open(link)).error, 'Verification')
    assert.equal(await thief.session(), null)
    // Who comes back is the same user.
    const phone = site.browser()
    await phone.signInByMail(HAMLET)
    assert.equal((await userOf(site, phone)).id, user.id)
  })

  flow('a link that many open at once signs one of them in', async (site) => {
    const link = await site.browser().askForLink(HAMLET)
    const browsers = Array.from({ length: 8 }, () => site.browser())
    const pages = await Promise.all(browsers.map((browser) => browser.open(link)))
    assert.equal(pages.filter((page) => page.error === null).length, 1)
    assert.equal(pages.filter((page) => page.error === 'Verification').length, 7)
  })

  flow('a link does not sign in for another address, and is not used up by it', async (site) => {
    const browser = site.browser()
    const link = new URL(await browser.askForLink(HAMLET))
    link.searchParams.set('email', 'claudius@elsinore.example')
    assert.equal((await browser.open(link.href)).error, 'Verification')
    link.searchParams.set('email', HAMLET)
    site.errors.length = 0
    await signedIn(site, browser, await browser.open(link.href))
  })

  flow(
    'an expired link does not sign in',
    async (site) => {
      const browser = site.browser()
      assert.equal((await browser.signInByMail(HAMLET)).error, 'Verification')
      assert.equal(await browser.session(), null)
      assert.equal(await site.plain.getUserByEmail(HAMLET), null)
    },
    late,
  )

  flow('a session is extended when it is due, and not before', async (site) => {
    const browser = site.browser()
    await browser.signInByMail(HAMLET)
    const { token: sessionToken } = browser
    const expires = async () => (await site.plain.getSessionAndUser(sessionToken)).session.expires
    const notDue = new Date(Date.now() + MAX_AGE - UPDATE_AGE + 60_000)
    await site.plain.updateSession({ sessionToken, expires: notDue })
    assert.equal((await browser.session()).expires, notDue.toISOString())
    assert.deepEqual(await expires(), notDue)
    // Many requests meet at the moment when it is due.
    const due = new Date(Date.now() + MAX_AGE - UPDATE_AGE)
    await site.plain.updateSession({ sessionToken, expires: due })
    const started = Date.now()
    const seen = await Promise.all(Array.from({ length: 8 }, () => browser.session()))
    assert.ok(seen.every((session) => session.user.email === HAMLET))
    assert.ok((await expires()).valueOf() >= started + MAX_AGE)
    assert.ok((await expires()) <= fresh())
    assert.deepEqual(site.errors, [])
  })

  flow('an expired session is none, and its row goes', async (site) => {
    const browser = site.browser()
    await browser.signInByMail(HAMLET)
    const { token: sessionToken } = browser
    await site.plain.updateSession({ sessionToken, expires: new Date(Date.now() - 1000) })
    assert.equal(await browser.session(), null)
    assert.equal(await site.plain.getSessionAndUser(sessionToken), null)
  })

  flow('signing out takes the row away; twice is no error', async (site) => {
    const browser = site.browser()
    const other = site.browser()
    await browser.signInByMail(HAMLET)
    await other.signInByMail(HAMLET)
    const { token } = browser
    // The cookie lives on in a tab that does not know of it yet.
    const tab = site.browser()
    tab.cookies = new Map(browser.cookies)
    assert.equal((await browser.signOut()).error, null)
    assert.equal(browser.token, undefined)
    assert.equal(await site.plain.getSessionAndUser(token), null)
    const { error, status } = await tab.signOut()
    assert.deepEqual({ error, status }, { error: null, status: 200 })
    assert.deepEqual(site.errors, [])
    assert.equal(await tab.session(), null)
    assert.equal((await other.session()).user.email, HAMLET)
    await site.store.compact()
    const rows = await site.file('auth/sessions.jsonl')
    assert.deepEqual([rows.includes(kept(token)), rows.includes(kept(other.token))], [false, true])
    assert.equal(rows.includes(other.token), !isSealed)
  })

  for (const provider of ['hall', 'guild']) {
    flow(`${provider} signs in, and all it says of an account is kept`, async (site) => {
      const browser = site.browser()
      await signedIn(site, browser, await browser.signInWith(provider, hamlet))
      const user = await userOf(site, browser)
      assert.deepEqual(user, { ...user, name: 'Hamlet', email: HAMLET, image: null })
      const [account, ...more] = await site.accounts()
      assert.deepEqual(more, [])
      const { userId, providerAccountId, access_token, refresh_token, expires_at } = account
      assert.deepEqual([userId, account.provider, providerAccountId], [user.id, provider, 'h-1'])
      assert.ok(access_token && refresh_token && Math.abs(expires_at - (Date.now() / 1000 + 300)) < 30)
      for (const [key, value] of Object.entries(EXTRAS)) assert.deepEqual(account[key], value, key)
      assert.equal('id_token' in account, provider === 'hall')
      // The second time it is the same user, and nothing is made.
      const phone = site.browser()
      await signedIn(site, phone, await phone.signInWith(provider, hamlet))
      assert.equal((await userOf(site, phone)).id, user.id)
      assert.equal((await site.accounts()).length, 1)
      assert.notEqual(phone.token, browser.token)
    })
  }

  flow('who is signed in links a second account', async (site) => {
    const browser = site.browser()
    await browser.signInWith('hall', hamlet)
    const user = await userOf(site, browser)
    const elsewhere = { sub: 'g-7', name: 'H.', email: 'prince@wittenberg.example' }
    await signedIn(site, browser, await browser.signInWith('guild', elsewhere))
    assert.deepEqual(
      (await site.accounts()).map((account) => account.userId),
      [user.id, user.id],
    )
    // Either of them signs in as the same user now.
    const phone = site.browser()
    await signedIn(site, phone, await phone.signInWith('guild', elsewhere))
    assert.equal((await userOf(site, phone)).id, user.id)
    // Another person's account is not to be had.
    const claudius = site.browser()
    await claudius.signInByMail('claudius@elsinore.example')
    assert.equal((await claudius.signInWith('guild', elsewhere)).error, 'OAuthAccountNotLinked')
    assert.equal((await site.accounts()).length, 2)
  })

  flow('an account with the address of another user is refused', async (site) => {
    const owner = site.browser()
    await owner.signInByMail(HAMLET)
    for (const email of [HAMLET, 'HAMLET@Elsinore.Example']) {
      const stranger = site.browser()
      const page = await stranger.signInWith('guild', { sub: 'x-9', name: 'Claudius', email })
      assert.equal(page.error, 'OAuthAccountNotLinked')
      assert.equal(await stranger.session(), null)
    }
    assert.equal(await site.plain.getAccount('x-9', 'guild'), null)
    assert.equal((await owner.session()).user.email, HAMLET)
  })

  flow(
    'a new person who signs in twice at once is in twice',
    async (site) => {
      const browsers = [site.browser(), site.browser()]
      const pages = await Promise.all(browsers.map((browser) => browser.signInWith('hall', hamlet)))
      for (const [index, page] of pages.entries()) await signedIn(site, browsers[index], page)
      const [one, other] = await Promise.all(browsers.map((browser) => userOf(site, browser)))
      assert.equal(one.id, other.id)
      assert.equal((await site.accounts()).length, 1)
      const later = site.browser()
      await signedIn(site, later, await later.signInWith('hall', hamlet))
    },
    together('createUser', 2),
  )

  flow(
    'a new person whose second sign-in comes a moment later is told to try again, and can',
    async (site) => {
      const browsers = [site.browser(), site.browser()]
      const pages = await Promise.all(browsers.map((browser) => browser.signInWith('hall', hamlet)))
      const [won, lost] = pages[0].error === null ? browsers : browsers.toReversed()
      assert.deepEqual(pages.map((page) => page.error === null).sort(), [false, true])
      assert.equal((await won.session()).user.email, HAMLET)
      assert.equal(await lost.session(), null)
      site.errors.length = 0
      await signedIn(site, lost, await lost.signInWith('hall', hamlet))
      assert.equal((await userOf(site, lost)).id, (await userOf(site, won)).id)
    },
    oneAfterTheOther,
  )

  // The one who loses meets what they would have met had they come a moment later.
  flow(
    'two accounts with one new address at once: one comes in, the other gets no way in',
    async (site) => {
      const ways = ['hall', 'guild']
      const browsers = ways.map(() => site.browser())
      const persons = [hamlet, { ...hamlet, sub: 'x-9', name: 'Claudius' }]
      const pages = await Promise.all(browsers.map((browser, one) => browser.signInWith(ways[one], persons[one])))
      assert.deepEqual(pages.map((page) => page.error === null).sort(), [false, true])
      const won = pages.findIndex((page) => page.error === null)
      const lost = 1 - won
      assert.equal(await browsers[lost].session(), null)
      assert.deepEqual(
        (await site.accounts()).map((account) => account.provider),
        [ways[won]],
      )
      site.errors.length = 0
      const again = site.browser()
      await signedIn(site, again, await again.signInWith(ways[won], persons[won]))
      assert.equal((await site.browser().signInWith(ways[lost], persons[lost])).error, 'OAuthAccountNotLinked')
    },
    together('createUser', 2),
  )

  for (const method of ['linkAccount', 'createSession']) {
    flow(
      `a first sign-in that dies before ${method} does not lock out`,
      async (site) => {
        const browser = site.browser()
        assert.notEqual((await browser.signInWith('hall', hamlet)).error, null)
        assert.equal(await browser.session(), null)
        site.errors.length = 0
        await signedIn(site, browser, await browser.signInWith('hall', hamlet))
        assert.equal((await site.accounts()).length, 1)
      },
      dyingBefore(method),
    )
  }

  flow(
    'a first sign-in that died does not lock out of the other ways either',
    async (site) => {
      const browser = site.browser()
      assert.notEqual((await browser.signInWith('hall', hamlet)).error, null)
      site.errors.length = 0
      await signedIn(site, browser, await browser.signInByMail(HAMLET))
      await signedIn(site, browser, await browser.signInByMail(HAMLET))
      // The address has an owner now, who has not linked this account.
      assert.equal((await site.browser().signInWith('hall', hamlet)).error, 'OAuthAccountNotLinked')
    },
    dyingBefore('linkAccount'),
  )

  flow('a link and a provider at once make one user, and the address can always come in', async (site) => {
    const mail = site.browser()
    const link = await mail.askForLink(HAMLET)
    const other = site.browser()
    await Promise.all([mail.open(link), other.signInWith('hall', hamlet)])
    const inside = [mail, other].filter((browser) => browser.token)
    assert.ok(inside.length > 0)
    assert.equal((await site.store.users.findMany({ where: { email: HAMLET } })).length, 1)
    site.errors.length = 0
    const later = site.browser()
    await signedIn(site, later, await later.signInByMail(HAMLET))
    assert.equal((await userOf(site, later)).id, (await userOf(site, inside[0])).id)
  })
}

module.exports = { flows }
