// Servers on loopback, and a browser that keeps cookies.
'use strict'

const { once } = require('node:events')
const { createServer } = require('node:http')
const { text: textOf } = require('node:stream/consumers')

/** A server that ends with the test. */
async function listen(t, handler) {
  const server = createServer((req, res) => {
    Promise.resolve(handler(req, res)).catch((error) => {
      if (!res.headersSent) res.writeHead(500)
      res.end(String(error?.stack))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return { url: `http://127.0.0.1:${server.address().port}` }
}

/** A browser on a site with NextAuth or Auth.js. */
class Browser {
  cookies = new Map()

  constructor(site) {
    this.site = site
  }

  /** The token of the session that this browser holds. */
  get token() {
    return this.cookies.get(this.site.core.cookie)
  }

  async fetch(url, { form, headers } = {}) {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const ours = url.startsWith(this.site.url)
    const response = await fetch(url, {
      method: form ? 'POST' : 'GET',
      body: form && new URLSearchParams(form),
      redirect: 'manual',
      headers: { ...(ours && { cookie }), ...headers },
    })
    if (ours) for (const line of response.headers.getSetCookie()) this.keep(line)
    return response
  }

  keep(line) {
    const [pair, ...attributes] = line.split('; ')
    const [name, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]
    const told = Object.fromEntries(attributes.map((one) => one.toLowerCase().split('=')))
    const gone = value === '' || told['max-age'] === '0' || Date.parse(told.expires) <= Date.now()
    if (gone) this.cookies.delete(name)
    else this.cookies.set(name, value)
  }

  /** Opens a page and follows it to where it leads; at a provider it signs in as the person. */
  async open(url, { person, ...options } = {}) {
    let response = await this.fetch(url, options)
    for (let step = 0; response.status >= 300 && response.status < 400; step++) {
      if (step === 10) throw new Error(`${url} leads round in a circle`)
      const next = new URL(response.headers.get('location'), url)
      if (next.pathname.endsWith('/authorize')) next.searchParams.set('as', JSON.stringify(person))
      url = next.href
      response = await this.fetch(url)
    }
    const { pathname, searchParams } = new URL(url)
    return { path: pathname, error: searchParams.get('error'), status: response.status, text: await response.text() }
  }

  async post(action, form, options) {
    const { csrfToken } = await (await this.fetch(`${this.site.url}/api/auth/csrf`)).json()
    const url = `${this.site.url}/api/auth/${action}`
    return this.open(url, { form: { csrfToken, callbackUrl: this.site.url, ...form }, ...options })
  }

  /** Asks for a link by e-mail; gives the link. */
  async askForLink(email) {
    const { path } = await this.post('signin/email', { email })
    if (path !== '/api/auth/verify-request') throw new Error(`the mail was refused: ${path}`)
    return this.site.mails.pop().url
  }

  async signInByMail(email) {
    return this.open(await this.askForLink(email))
  }

  signInWith(provider, person) {
    return this.post(`signin/${provider}`, {}, { person })
  }

  signOut() {
    return this.post('signout', {})
  }

  /** The session as the page sees it, null when there is none. */
  async session() {
    const body = await (await this.fetch(`${this.site.url}/api/auth/session`)).json()
    return body?.user ? body : null
  }
}

module.exports = { Browser, listen, textOf }
