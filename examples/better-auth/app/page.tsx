import { headers } from 'next/headers'
import { Passkeys } from '@/components/Passkeys'
import { auth } from '@/lib/auth'
import { store } from '@/lib/store'

/** Who is signed in, by the same store that the app's own records are in. */
export default async function Page() {
  const session = await auth.api.getSession({ headers: await headers() })
  const tags = session ? await store.tags.findByUserId(session.user.id) : []
  return (
    <main>
      <h1>{session ? `Signed in as ${session.user.email}` : 'Nobody is signed in'}</h1>
      {session && <p>{tags.length} tags</p>}
      <Passkeys isSignedIn={session !== null} />
    </main>
  )
}
