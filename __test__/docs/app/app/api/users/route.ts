import { QuilltapAdapter, StoreError } from 'quilltap-store'
import { store } from '@/lib/store'

const adapter = QuilltapAdapter(store)

/** Makes a user, signed in as by a provider. */
export async function POST(request: Request) {
  try {
    const { email } = await request.json()
    const { id: userId } = await store.users.create({ email })
    const expires = new Date(Date.now() + 60_000)
    const { sessionToken } = await adapter.createSession({ sessionToken: crypto.randomUUID(), userId, expires })
    return Response.json({ userId, sessionToken }, { status: 201 })
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    return Response.json({ code: error.code, message: error.message }, { status: 409 })
  }
}
