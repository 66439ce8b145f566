// The adapter as `quilltap-store/better-auth` makes it, of the Better Auth that is installed here.

import { createAdapterFactory } from 'better-auth/adapters'
import { createAuthMiddleware } from 'better-auth/api'
import { authJsCookieWith } from '../../lib/better-auth/auth-js-cookie.js'
import { adapterWith, withAuthOver } from '../../lib/better-auth/index.js'

export const quilltapAdapter = adapterWith(createAdapterFactory)
export const withAuth = withAuthOver(quilltapAdapter)
export const authJsCookie = authJsCookieWith(createAuthMiddleware)
