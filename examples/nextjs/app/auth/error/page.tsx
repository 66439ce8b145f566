import type { Metadata } from 'next'
import Link from 'next/link'

export const metadata: Metadata = { title: 'Not signed in' }

const REASONS: Record<string, string> = {
  Verification: 'The link was used before, or its hour is over. A new one is quickly sent.',
  AccessDenied: 'This address may not come in here.',
  Configuration: 'The server is not set up for signing in. Its log says what is missing.',
}

export default async function AuthErrorPage({ searchParams }: PageProps<'/auth/error'>) {
  const { error } = await searchParams
  return (
    <>
      <h1>You are not signed in</h1>
      <p className="lead" role="alert">
        {(typeof error === 'string' && REASONS[error]) || 'Something went wrong on the way in. Nothing was changed.'}
      </p>
      <p>
        <Link className="button" href="/auth/signin">
          Try again
        </Link>
      </p>
    </>
  )
}
