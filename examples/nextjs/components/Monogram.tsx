import type { CSSProperties } from 'react'
import { hueOf, initials } from '@/lib/words'

export function Monogram({ name, large }: { name: string; large?: boolean }) {
  return (
    <span
      className={large ? 'monogram large' : 'monogram'}
      style={{ '--hue': hueOf(name) } as CSSProperties}
      aria-hidden="true"
    >
      {initials(name)}
    </span>
  )
}
