'use strict'

const NAMES = ['authjs.session-token', 'next-auth.session-token']
const SECURE = '__Secure-'

/**
 * Makes `authJsCookie`, a plugin of Better Auth's for as long as Auth.js serves a part of the app: whoever is
 * signed in at one is at the other. The session is one record in the store; this is about its cookie.
 */
function authJsCookieWith(createAuthMiddleware) {
  return function authJsCookie({ name } = {}) {
    const names = name === undefined ? NAMES.flatMap((each) => [SECURE + each, each]) : [name]
    return {
      id: 'quilltap-auth-js-cookie',
      hooks: {
        before: [{ matcher: ({ headers }) => headers !== undefined, handler: createAuthMiddleware(letIn(names)) }],
        after: [{ matcher: () => true, handler: createAuthMiddleware(tell(name)) }],
      },
    }
  }
}

/** Who comes with Auth.js's cookie only is given Better Auth's, for this request and for those that follow. */
const letIn = (names) => async (ctx) => {
  const { sessionToken } = ctx.context.authCookies
  if (!ctx.headers || ctx.getCookie(sessionToken.name)) return
  const token = names.map((name) => ctx.getCookie(name)).find(Boolean)
  if (!token) return
  const found = await ctx.context.internalAdapter.findSession(token)
  if (!found || found.session.expiresAt <= new Date()) return
  const maxAge = Math.floor((found.session.expiresAt - Date.now()) / 1000)
  const { secret } = ctx.context
  const cookie = await ctx.setSignedCookie(sessionToken.name, token, secret, { ...sessionToken.attributes, maxAge })
  const headers = new Headers(ctx.headers)
  headers.set('cookie', `${headers.get('cookie')}; ${cookie.split(';')[0]}`)
  return { context: { headers } }
}

/** What Better Auth does to its cookie is done to Auth.js's too, which has the token as it is. */
const tell = (name) => async (ctx) => {
  const { sessionToken } = ctx.context.authCookies
  const lines = ctx.context.responseHeaders?.getSetCookie() ?? []
  const last = lines.filter((line) => line.startsWith(`${sessionToken.name}=`)).at(-1)
  if (last === undefined) return
  const isSecure = sessionToken.name.startsWith(SECURE)
  const own = name ?? (isSecure ? SECURE : '') + NAMES[0]
  const signed = decodeURIComponent(last.slice(sessionToken.name.length + 1).split(';')[0])
  const maxAge = Number(/;\s*max-age=(\d+)/i.exec(last)?.[1] ?? NaN)
  const kept = Number.isNaN(maxAge) ? {} : { maxAge }
  // The signature stands behind the last dot.
  ctx.setCookie(own, signed.slice(0, Math.max(signed.lastIndexOf('.'), 0)), { ...sessionToken.attributes, ...kept })
}

module.exports = { authJsCookieWith }
