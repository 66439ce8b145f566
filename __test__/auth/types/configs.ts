// Compiled only: the adapter goes into the options of both cores without a cast.

import type { AuthConfig } from 'auth-core'
import type { NextAuthOptions } from 'next-auth'
import { createStore, QuilltapAdapter } from 'quilltap-store'

const store = createStore({})
const a: import('next-auth/adapters').Adapter = QuilltapAdapter(store)
const b: import('auth-core/adapters').Adapter = QuilltapAdapter(store)
export const four: NextAuthOptions[] = [
  { adapter: a, providers: [] },
  { adapter: QuilltapAdapter(store), providers: [] },
]
export const five: AuthConfig[] = [
  { adapter: b, providers: [] },
  { adapter: QuilltapAdapter(store), providers: [] },
]

// As an app wraps it to see one call.
export const wrapped: AuthConfig['adapter'] = {
  ...QuilltapAdapter(store),
  async createUser(user) {
    return QuilltapAdapter(store).createUser({ ...user, role: 'player' })
  },
}
QuilltapAdapter(store, { encryptTokens: true, hashSessionTokens: true })
// @ts-expect-error: an option that there is not must not compile
QuilltapAdapter(store, { encryptToken: true })
