import type { NextAuthOptions } from 'next-auth'
import { createStore, QuilltapAdapter } from 'quilltap-store'
import { emailLink } from './mail'

// The folder DATA_DIR, or ./data; the database QUILLTAP_DATABASE_URL where there is one.
export const store = createStore()

export const authOptions: NextAuthOptions = {
  adapter: QuilltapAdapter(store),
  session: { strategy: 'database' },
  providers: [emailLink],
  pages: { signIn: '/auth/signin', verifyRequest: '/auth/verify', error: '/auth/error' },
  callbacks: {
    session({ session, user }) {
      session.user.id = user.id
      return session
    },
  },
}
