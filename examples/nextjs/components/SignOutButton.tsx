'use client'

import { signOut } from 'next-auth/react'
import { useState } from 'react'

export function SignOutButton() {
  const [leaving, setLeaving] = useState(false)
  return (
    <button
      className="button quiet small"
      disabled={leaving}
      onClick={() => {
        setLeaving(true)
        signOut({ callbackUrl: '/auth/signin' }).catch(() => setLeaving(false))
      }}
    >
      Sign out
    </button>
  )
}
