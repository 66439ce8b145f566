import type { BetterAuthPlugin } from 'better-auth' with { 'resolution-mode': 'import' }
import type { DBAdapterInstance } from 'better-auth/adapters' with { 'resolution-mode': 'import' }
import type { StoreWithAuth } from './better-auth-store.js'
import type { StoreCalls } from './index.js'

export type { AuthCollections, StoreWithAuth } from './better-auth-store.js'

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
 * The same store, with what Better Auth's plugins bring: their tables as collections (`authTwoFactor` is
 * `twoFactor`'s), in transactions too, and their fields of users, sessions, accounts and verifications in the types.
 *
 * @throws StoreError `VALIDATION` when `store` is no store, or `auth` has no options.
 */
export declare function withAuth<S extends StoreCalls, A extends { options: object }>(
  store: S,
  auth: A,
): StoreWithAuth<S, A>

/**
 * A plugin for as long as Auth.js serves a part of the app: who comes with its session cookie is signed in at
 * Better Auth, and who signs in at Better Auth gets that cookie too. `name` is that of the cookie; unless
 * given, those of NextAuth 4 and Auth.js 5 are taken, and Auth.js 5's is given.
 */
export declare function authJsCookie(options?: { name?: string }): {
  id: 'quilltap-auth-js-cookie'
  hooks: Required<BetterAuthPlugin>['hooks']
}
