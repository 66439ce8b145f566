import { apiKey } from '@better-auth/api-key'
import { passkey } from '@better-auth/passkey'
import { betterAuth } from 'better-auth'
import { nextCookies } from 'better-auth/next-js'
import { genericOAuth, magicLink, organization, twoFactor } from 'better-auth/plugins'
import { quilltapAdapter } from 'quilltap-store/better-auth'
import { store } from './store'

/** A provider of one's own, where one is named. */
const providers = process.env.OIDC_ISSUER
  ? [
      {
        providerId: 'hall',
        discoveryUrl: `${process.env.OIDC_ISSUER}/.well-known/openid-configuration`,
        clientId: process.env.OIDC_CLIENT_ID ?? '',
        clientSecret: process.env.OIDC_CLIENT_SECRET ?? '',
        authentication: 'basic' as const,
        scopes: ['openid', 'email', 'profile'],
      },
    ]
  : []

export const auth = betterAuth({
  database: quilltapAdapter(store, { hashSessionTokens: true }),
  emailAndPassword: { enabled: true },
  account: { accountLinking: { trustedProviders: ['hall'] } },
  plugins: [
    magicLink({ sendMagicLink: ({ email, url }) => console.log(`Mail for ${email}: ${url}`) }),
    genericOAuth({ config: providers }),
    twoFactor(),
    passkey(),
    organization(),
    apiKey(),
    // The last one, so that server actions set cookies too.
    nextCookies(),
  ],
})
