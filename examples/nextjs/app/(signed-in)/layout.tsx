import { Header } from '@/components/Header'
import { requireUser } from '@/lib/session'

export default async function SignedInLayout({ children }: { children: React.ReactNode }) {
  const user = await requireUser()
  return (
    <div className="frame">
      <a className="skip" href="#content">
        Skip to the content
      </a>
      <Header address={user.email ?? ''} />
      <main id="content">{children}</main>
    </div>
  )
}
