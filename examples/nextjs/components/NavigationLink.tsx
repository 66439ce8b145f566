'use client'

import Link from 'next/link'
import { usePathname } from 'next/navigation'

export function NavigationLink({ href, children }: { href: string; children: React.ReactNode }) {
  const path = usePathname()
  const here = path === href || path.startsWith(`${href}/`)
  return (
    <Link className="navigation-link" href={href} aria-current={here ? 'page' : undefined}>
      {children}
    </Link>
  )
}
