import Link from 'next/link'
import { Brand } from './Brand'
import { NavigationLink } from './NavigationLink'
import { SignOutButton } from './SignOutButton'

export function Header({ address }: { address: string }) {
  return (
    <header className="header">
      <Link className="brand" href="/chats" aria-label="The Green Room">
        <Brand />
      </Link>
      <nav aria-label="Main">
        <NavigationLink href="/chats">Chats</NavigationLink>
        <NavigationLink href="/characters">Characters</NavigationLink>
        <NavigationLink href="/import">Import</NavigationLink>
        <NavigationLink href="/data">Your data</NavigationLink>
      </nav>
      <div className="account">
        <span className="address" title={address}>
          {address}
        </span>
        <SignOutButton />
      </div>
    </header>
  )
}
