import type { NextAuthOptions } from 'next-auth'
import { createStore, QuilltapAdapter } from 'quilltap-store'
import { emailLink } from './mail'

export const store = createStore({ dataDir: process.env.DATA_DIR ?? './data' })

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
