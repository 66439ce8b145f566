// A site with a store and one of the two cores, on a real HTTP server.
'use strict'

const fs = require('node:fs')
const path = require('node:path')
const { QuilltapAdapter } = require('../..')
const { Browser, listen, textOf } = require('./http.cjs')
const { CLIENT, startProvider } = require('./provider.cjs')
const { adapterOptions } = require('./sealed.cjs')
const { open } = require('./store.cjs')

const profile = ({ sub, name, email }) => ({ id: sub, name, email, image: null })
const keys = { clientId: CLIENT.id, clientSecret: CLIENT.secret }
const silent = { warn() {}, debug() {} }

/** What both cores are told alike. */
function shared({ adapter, mails, errors }) {
  return {
    adapter,
    secret: 'for cookies and links',
    session: { strategy: 'database', maxAge: 1000, updateAge: 100 },
    logger: { ...silent, error: (...error) => errors.push(error) },
  }
}

const email = (mails) => ({
  id: 'email',
  type: 'email',
  name: 'Email',
  maxAge: 600,
  sendVerificationRequest: async ({ identifier, url }) => void mails.push({ identifier, url }),
})

/** NextAuth 4 as a Pages API route calls it. */
const nextAuth4 = {
  name: 'next-auth 4',
  cookie: 'next-auth.session-token',
  start(site, provider) {
    const NextAuth = require('next-auth').default
    process.env.NEXTAUTH_URL = site.url
    const guild = `${provider}/guild`
    const options = {
      ...shared(site),
      providers: [
        email(site.mails),
        {
          id: 'hall',
          name: 'Hall',
          type: 'oauth',
          idToken: true,
          checks: ['pkce', 'state', 'nonce'],
          profile,
          ...keys,
          wellKnown: `${provider}/hall/.well-known/openid-configuration`,
          authorization: { params: { scope: 'openid email profile' } },
        },
        {
          id: 'guild',
          name: 'Guild',
          type: 'oauth',
          checks: ['state'],
          profile,
          ...keys,
          authorization: `${guild}/authorize?scope=email`,
          token: `${guild}/token`,
          userinfo: `${guild}/userinfo`,
        },
      ],
    }
    return async (req, res) => {
      const { pathname, searchParams } = new URL(req.url, site.url)
      const nextauth = pathname.split('/').slice(3)
      req.query = { ...Object.fromEntries(searchParams), nextauth }
      req.cookies = Object.fromEntries(cookiesOf(req))
      req.body = Object.fromEntries(new URLSearchParams(await textOf(req)))
      res.status = (status) => Object.assign(res, { statusCode: status })
      res.send = (body) => res.end(typeof body === 'object' ? JSON.stringify(body) : body)
      res.json = res.send
      await NextAuth(req, res, options)
    }
  },
}

const cookiesOf = (req) =>
  (req.headers.cookie ?? '')
    .split('; ')
    .filter(Boolean)
    .map((pair) => [pair.slice(0, pair.indexOf('=')), decodeURIComponent(pair.slice(pair.indexOf('=') + 1))])

/** Auth.js 5 as every framework's package calls it. */
const authJs5 = {
  name: 'Auth.js 5',
  cookie: 'authjs.session-token',
  async start(site, provider) {
    const { Auth } = await import('auth-core')
    const guild = `${provider}/guild`
    // Auth.js keeps the standard keys of a token response alone, unless it is told otherwise.
    const account = (tokens) => tokens
    const config = {
      ...shared(site),
      basePath: '/api/auth',
      trustHost: true,
      providers: [
        email(site.mails),
        {
          id: 'hall',
          name: 'Hall',
          type: 'oidc',
          issuer: `${provider}/hall`,
          profile,
          account,
          ...keys,
          checks: ['pkce', 'state', 'nonce'],
        },
        {
          id: 'guild',
          name: 'Guild',
          type: 'oauth',
          checks: ['state'],
          profile,
          account,
          ...keys,
          issuer: guild,
          authorization: `${guild}/authorize?scope=email`,
          token: `${guild}/token`,
          userinfo: `${guild}/userinfo`,
        },
      ],
    }
    return async (req, res) => {
      const body = req.method === 'POST' ? await textOf(req) : undefined
      const response = await Auth(
        new Request(site.url + req.url, { method: req.method, headers: req.headers, body }),
        config,
      )
      res.statusCode = response.status
      res.setHeaders(response.headers)
      res.end(await response.text())
    }
  },
}

/** Starts a site; `change` may wrap the methods of its adapter. */
async function startSite(t, core, change = (adapter) => adapter) {
  const store = open(t)
  const plain = QuilltapAdapter(store, adapterOptions)
  const site = { core, store, plain, adapter: change(plain), mails: [], errors: [], browser: () => new Browser(site) }
  const { url: provider } = await startProvider(t)
  let handler
  const { url } = await listen(t, (req, res) =>
    req.url.startsWith('/api/auth/') ? handler(req, res) : res.end('home'),
  )
  site.url = url
  handler = await core.start(site, provider)
  /** What stands in a file of the folder. */
  site.file = async (name) => {
    await store.flush()
    return fs.readFileSync(path.join(store.folder, name), 'utf8')
  }
  site.accounts = () => store.accounts.findAll()
  return site
}

module.exports = { authJs5, nextAuth4, startSite }
