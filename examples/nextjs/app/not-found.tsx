import Link from 'next/link'

export default function NotFound() {
  return (
    <main className="lonely">
      <p className="eyebrow">Nobody on stage</p>
      <h1>There is nothing here</h1>
      <p>What you are looking for was deleted, belongs to somebody else, or never was.</p>
      <Link className="button" href="/chats">
        To your chats
      </Link>
    </main>
  )
}
