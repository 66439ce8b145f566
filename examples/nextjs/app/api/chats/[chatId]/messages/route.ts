import { lineOf, ownChat } from '@/lib/records'
import { currentUser } from '@/lib/session'
import { store } from '@/lib/store'
import { MESSAGES_PER_PAGE } from '@/lib/paging'

/** The page of messages before one, or the newest: `GET ?before=<message id>`. */
export async function GET(request: Request, { params }: { params: Promise<{ chatId: string }> }) {
  const user = await currentUser()
  if (!user) return Response.json({ error: 'Sign in first.' }, { status: 401 })
  const chat = await ownChat(user.id, (await params).chatId)
  if (!chat) return Response.json({ error: 'There is no such chat.' }, { status: 404 })
  const before = new URL(request.url).searchParams.get('before') || undefined
  const messages = await store.chats.getMessages(chat.id, { limit: MESSAGES_PER_PAGE, before })
  return Response.json({ lines: messages.map(lineOf), total: chat.messageCount })
}
