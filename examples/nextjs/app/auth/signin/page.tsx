import type { Metadata } from 'next'
import { redirect } from 'next/navigation'
import { SignInForm } from '@/components/SignInForm'
import { currentUser } from '@/lib/session'

export const metadata: Metadata = { title: 'Sign in' }

export default async function SignInPage({ searchParams }: PageProps<'/auth/signin'>) {
  if (await currentUser()) redirect('/chats')
  const { error } = await searchParams
  return (
    <>
      <h1>Come in</h1>
      <p className="lead">Give your e-mail address, and a link is on its way. There is no password to forget.</p>
      <SignInForm fault={error ? 'That did not work. Ask for a new link.' : ''} />
    </>
  )
}
