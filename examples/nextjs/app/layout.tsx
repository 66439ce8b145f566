import type { Metadata, Viewport } from 'next'
import './styles/tokens.css'
import './styles/base.css'
import './styles/controls.css'
import './styles/pages.css'
import './styles/foyer.css'
import './styles/lists.css'
import './styles/conversation.css'

export const metadata: Metadata = {
  title: { default: 'The Green Room', template: '%s · The Green Room' },
  description: 'Where characters wait between scenes. An example app of quilltap-store.',
}

export const viewport: Viewport = {
  themeColor: [
    { media: '(prefers-color-scheme: light)', color: '#f7f4ec' },
    { media: '(prefers-color-scheme: dark)', color: '#121714' },
  ],
}

export default function RootLayout({ children }: { children: React.ReactNode }) {
  return (
    <html lang="en">
      <body>{children}</body>
    </html>
  )
}
