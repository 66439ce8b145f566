import { store } from '@/lib/store'

export default async function Page() {
  'use cache'
  return <p>users: {await store.users.count()}</p>
}
