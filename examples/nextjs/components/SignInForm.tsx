'use client'

import { signIn } from 'next-auth/react'
import { useRouter } from 'next/navigation'
import { useState, type FormEvent } from 'react'

export function SignInForm({ fault }: { fault: string }) {
  const router = useRouter()
  const [error, setError] = useState(fault)
  const [sending, setSending] = useState(false)

  async function send(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const email = String(new FormData(event.currentTarget).get('email')).trim()
    setSending(true)
    setError('')
    try {
      const answer = await signIn('email', { email, redirect: false, callbackUrl: '/chats' })
      if (answer && !answer.error) return router.push(`/auth/verify?email=${encodeURIComponent(email)}`)
      setError('The mail could not be sent. Check the address, or look into the server’s log.')
    } catch {
      setError('The server did not answer. Is it running?')
    }
    setSending(false)
  }

  return (
    <form className="stack" onSubmit={send}>
      <label className="field">
        <span>E-mail address</span>
        <input
          type="email"
          name="email"
          autoComplete="email"
          placeholder="you@example.org"
          required
          aria-describedby={error ? 'sign-in-fault' : undefined}
        />
      </label>
      {error ? (
        <p className="fault" id="sign-in-fault" role="alert">
          {error}
        </p>
      ) : null}
      <button className="button wide" disabled={sending}>
        {sending ? 'Sending…' : 'Send me a link'}
      </button>
    </form>
  )
}
