import type { Metadata } from 'next'
import Link from 'next/link'

export const metadata: Metadata = { title: 'Confirm', referrer: 'no-referrer', robots: 'noindex' }

/** Where the link in a mail leads: opening this page uses nothing up, the button does. */
export default async function ConfirmPage({ searchParams }: PageProps<'/auth/confirm'>) {
  const { token, email, callbackUrl } = await searchParams
  if (typeof token !== 'string' || typeof email !== 'string') {
    return (
      <>
        <h1>This link is not whole</h1>
        <p className="lead">
          A mail program may have cut it in two. Copy all of it from the mail, or ask for a new one.
        </p>
        <p>
          <Link className="button" href="/auth/signin">
            Ask for a new link
          </Link>
        </p>
      </>
    )
  }
  return (
    <>
      <h1>One more press</h1>
      <p className="lead">
        You are about to sign in as <strong>{email}</strong>.
      </p>
      <form className="stack" action="/api/auth/callback/email" method="get">
        {typeof callbackUrl === 'string' ? <input type="hidden" name="callbackUrl" value={callbackUrl} /> : null}
        <input type="hidden" name="token" value={token} />
        <input type="hidden" name="email" value={email} />
        <button className="button wide">Sign in</button>
      </form>
      <p className="note">Mail programs open links to look at them. Only this button uses the link up.</p>
    </>
  )
}
