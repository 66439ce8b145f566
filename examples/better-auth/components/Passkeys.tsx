'use client'

import { passkeyClient } from '@better-auth/passkey/client'
import { createAuthClient } from 'better-auth/react'
import { useRouter } from 'next/navigation'
import { useState } from 'react'

const client = createAuthClient({ plugins: [passkeyClient()] })

/** Adds a passkey for whoever is signed in, or signs somebody in by theirs. */
export function Passkeys({ isSignedIn }: { isSignedIn: boolean }) {
  const router = useRouter()
  const [said, setSaid] = useState('')
  const work = async (ask: () => Promise<{ error?: { message?: string } | null } | undefined>, done: string) => {
    const answer = await ask()
    setSaid(answer?.error ? (answer.error.message ?? 'It did not work.') : done)
    router.refresh()
  }
  const add = () => work(() => client.passkey.addPasskey({ name: 'This browser' }), 'The passkey is kept.')
  const enter = () => work(() => client.signIn.passkey(), 'Welcome back.')
  const leave = () => work(() => client.signOut(), 'Signed out.')
  return (
    <p>
      {isSignedIn ? (
        <>
          <button onClick={add}>Add a passkey</button> <button onClick={leave}>Sign out</button>
        </>
      ) : (
        <button onClick={enter}>Sign in with a passkey</button>
      )}
      <output>{said}</output>
    </p>
  )
}
