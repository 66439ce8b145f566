'use strict'

const { randomBytes } = require('node:crypto')
const { HEADERS } = require('./responses.js')

const fresh = () => randomBytes(32).toString('base64url')
const cookieOf = (port) => `quilltap_studio_${port}`

/**
 * The token of a studio on this machine. An address with a code in it is good for one browser, which gets
 * the token as a cookie for it; then there is another code. So what stands in a history, or in the list of
 * processes, opens nothing.
 */
function makeTokens() {
  const wanted = fresh()
  let code = fresh()
  let used = () => {}

  return {
    wanted,
    address: (port) => `http://127.0.0.1:${port}/?code=${code}`,
    /** Calls back once the address was used, and there is another one. */
    onUsed: (listener) => (used = listener),
    /** The way to the page for a browser that comes with a code; undefined for any other request. */
    exchange(url, port) {
      const given = url.searchParams.get('code')
      if (given === null) return undefined
      const headers = new Headers({ ...HEADERS, location: '/' })
      if (given === code) {
        code = fresh()
        headers.set('set-cookie', `${cookieOf(port)}=${wanted}; Path=/; HttpOnly; SameSite=Strict`)
        used()
      }
      return new Response(null, { status: 303, headers })
    },
    given(header, port) {
      const parts = (header ?? '').split(';').map((part) => part.trim())
      const name = `${cookieOf(port)}=`
      return parts.find((part) => part.startsWith(name))?.slice(name.length) ?? ''
    },
  }
}

module.exports = { makeTokens }
