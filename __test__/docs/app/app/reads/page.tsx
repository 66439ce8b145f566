import { Suspense } from 'react'
import { store } from '@/lib/store'

// Without `await connection()`: Next.js must notice by itself that this is not known when it builds.
async function Count() {
  return <p>users: {await store.users.count()}</p>
}

export default function Page() {
  return (
    <Suspense fallback={<p>…</p>}>
      <Count />
    </Suspense>
  )
}
