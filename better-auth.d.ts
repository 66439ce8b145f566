import type { BetterAuthPlugin } from 'better-auth' with { 'resolution-mode': 'import' }
import type { DBAdapterInstance } from 'better-auth/adapters' with { 'resolution-mode': 'import' }
import type { StoreCalls } from './index.js'

/** How Better Auth's secrets are kept; both as `QuilltapAdapter` has them, for one store both can serve. */
export interface BetterAuthAdapterOptions {
  /** Seals access, refresh and id tokens at rest; the store needs its passphrase. Off unless set. */
  encryptTokens?: boolean
  /** Keeps session tokens as SHA-256 only. Off unless set. */
  hashSessionTokens?: boolean
}

/**
 * The adapter for Better Auth: `betterAuth({ database: quilltapAdapter(store) })`. Its users are the store's
 * users; its own tables, and those of its plugins, make themselves.
 *
 * @throws StoreError `VALIDATION` when `store` is no store, or for an unknown option.
 */
export declare function quilltapAdapter(store: StoreCalls, options?: BetterAuthAdapterOptions): DBAdapterInstance

/**
 * A plugin for as long as Auth.js serves a part of the app: who comes with its session cookie is signed in at
 * Better Auth, and who signs in at Better Auth gets that cookie too. `name` is that of the cookie; unless
 * given, those of NextAuth 4 and Auth.js 5 are taken, and Auth.js 5's is given.
 */
export declare function authJsCookie(options?: { name?: string }): {
  id: 'quilltap-auth-js-cookie'
  hooks: Required<BetterAuthPlugin>['hooks']
}
