import type { Metadata } from 'next'
import Link from 'next/link'
import { mailFolder } from '@/lib/mail'

export const metadata: Metadata = { title: 'Look into your mail' }

export default async function VerifyPage({ searchParams }: PageProps<'/auth/verify'>) {
  const { email } = await searchParams
  return (
    <>
      <h1>Look into your mail</h1>
      <p className="lead">
        A link is on its way
        {typeof email === 'string' ? (
          <>
            {' '}
            to <strong>{email}</strong>
          </>
        ) : null}
        . It works once and for one hour.
      </p>
      {process.env.NODE_ENV === 'development' ? (
        <p className="note">
          This server is in development and writes its mail to files: look into <code>{mailFolder()}</code>
        </p>
      ) : null}
      <p>
        <Link href="/auth/signin">Take another address</Link>
      </p>
    </>
  )
}
