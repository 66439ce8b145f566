// The real next-auth 4 and Auth.js 5 behind a plain server on loopback, and a browser's cookies.

import { once } from 'node:events'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { Auth } from 'auth-core'

const require = createRequire(import.meta.url)
const NextAuth = require('next-auth/next').default

/** The options that both versions take; `mails` gets every sign-in link. */
function options(adapter, issuers, mails, session) {
  return {
    adapter,
    secret: 'a secret for tests only, of thirty-two letters',
    session: { strategy: 'database', ...session },
    callbacks: {
      session: ({ session, user }) => ({ ...session, userId: user.id }),
    },
    logger: { error() {}, warn() {}, debug() {} },
    providers: [
      {
        id: 'email',
        name: 'E-mail',
        type: 'email',
        from: 'store@globe.example',
        maxAge: 600,
        options: {},
        sendVerificationRequest: ({ url }) => void mails.push(url),
      },
      ...issuers.map(({ id, issuer, type }) => ({
        id,
        name: id,
        type,
        issuer,
        clientId: `client-${id}`,
        clientSecret: 'secret',
        ...(type === 'oauth' && { wellKnown: `${issuer}/.well-known/openid-configuration`, idToken: true }),
        checks: ['pkce', 'state'],
        // Auth.js 5 picks a few fields unless it is told to take all.
        account: (account) => account,
        profile: ({ sub, name, email }) => ({ id: sub, name, email, image: null }),
      })),
    ],
  }
}

async function listen(handle) {
  const server = createServer((request, response) => {
    handle(request, response).catch((error) => response.writeHead(500).end(String(error.stack)))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

async function bodyOf(request) {
  let body = ''
  for await (const piece of request) body += piece
  return body
}

/** next-auth 4 takes Next's requests and answers of API routes. */
async function serveVersion4(makeOptions) {
  const server = await listen(async (request, response) => {
    const url = new URL(request.url, 'http://localhost')
    const cookies = (request.headers.cookie ?? '').split('; ').filter(Boolean).map((pair) => pair.split(/=(.*)/s))
    request.query = { ...Object.fromEntries(url.searchParams), nextauth: url.pathname.split('/').slice(3) }
    request.cookies = Object.fromEntries(cookies.map(([name, value]) => [name, decodeURIComponent(value)]))
    request.body = Object.fromEntries(new URLSearchParams(await bodyOf(request)))
    response.status = (code) => Object.assign(response, { statusCode: code })
    response.json = (value) => response.setHeader('content-type', 'application/json').end(JSON.stringify(value))
    response.send = (body) => (typeof body === 'string' ? response.end(body) : response.json(body))
    response.redirect = (to) => response.writeHead(302, { location: to }).end()
    await NextAuth(request, response, makeOptions('oauth'))
  })
  process.env.NEXTAUTH_URL = `http://127.0.0.1:${server.address().port}`
  return server
}

/** Auth.js 5 takes a Request and gives a Response. */
async function serveVersion5(makeOptions) {
  const server = await listen(async (request, response) => {
    const origin = `http://127.0.0.1:${server.address().port}`
    const body = request.method === 'POST' ? await bodyOf(request) : undefined
    const given = new Request(new URL(request.url, origin), { method: request.method, headers: request.headers, body })
    const answer = await Auth(given, { ...makeOptions('oidc'), basePath: '/api/auth', trustHost: true })
    for (const [name, value] of answer.headers) if (name !== 'set-cookie') response.setHeader(name, value)
    response.setHeader('set-cookie', answer.headers.getSetCookie())
    response.writeHead(answer.status).end(Buffer.from(await answer.arrayBuffer()))
  })
  return server
}

const SERVE = { 'next-auth 4': serveVersion4, 'Auth.js 5': serveVersion5 }

/** Serves one version over an adapter. */
export async function serve(version, { adapter, issuers = [], session = {} }) {
  const mails = []
  const server = await SERVE[version]((type) => options(adapter, issuers.map((one) => ({ ...one, type })), mails, session))
  const origin = `http://127.0.0.1:${server.address().port}`
  return {
    origin,
    mails,
    browser: () => makeBrowser(origin, mails),
    end: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** Somebody with cookies. */
function makeBrowser(origin, mails) {
  const cookies = new Map()
  const keep = (response) => {
    for (const line of response.headers.getSetCookie()) {
      const [pair, ...rest] = line.split('; ')
      const [name, value] = pair.split(/=(.*)/s)
      const gone = value === '' || rest.some((part) => /^max-age=0$/i.test(part))
      if (gone) cookies.delete(name)
      else cookies.set(name, value)
    }
  }
  const ask = async (address, init = {}) => {
    const url = new URL(address, origin)
    const own = url.origin === origin
    const cookie = [...cookies].map((pair) => pair.join('=')).join('; ')
    const response = await fetch(url, { redirect: 'manual', ...init, headers: own && cookie ? { cookie } : {} })
    if (own) keep(response)
    return response
  }
  /** Follows redirects, to the provider and back; gives the last address and answer. */
  const follow = async (address, init) => {
    let response = await ask(address, init)
    let at = new URL(address, origin)
    for (let hops = 0; hops < 10 && response.headers.has('location'); hops++) {
      at = new URL(response.headers.get('location'), at)
      if (at.origin === origin && !at.pathname.startsWith('/api/auth')) break
      response = await ask(at)
    }
    return { at, response }
  }
  const post = async (action, fields = {}) => {
    const { csrfToken } = await (await ask('/api/auth/csrf')).json()
    return follow(`/api/auth/${action}`, { method: 'POST', body: new URLSearchParams({ csrfToken, callbackUrl: origin, ...fields }) })
  }
  const sessionCookie = () => [...cookies].find(([name]) => name.endsWith('session-token'))?.[1]
  return {
    ask,
    follow,
    sessionCookie,
    session: async () => (await ask('/api/auth/session')).json(),
    mailLink: async (address) => {
      await post('signin/email', { email: address })
      return mails.at(-1)
    },
    signInWith: (provider) => post(`signin/${provider}`),
    signOut: () => post('signout'),
  }
}
