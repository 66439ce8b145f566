import { getServerSession } from 'next-auth'
import { redirect } from 'next/navigation'
import { cache } from 'react'
import { authOptions } from './store'

/** Whoever is signed in, or null; asked for once a request. */
export const currentUser = cache(async () => {
  const session = await getServerSession(authOptions)
  return session?.user ?? null
})

/** Whoever is signed in; everybody else is sent to the sign-in page. */
export async function requireUser() {
  return (await currentUser()) ?? redirect('/auth/signin')
}
