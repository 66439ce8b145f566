import type { Metadata } from 'next'
import Link from 'next/link'
import { ChatList } from '@/components/ChatList'
import { EmptyState } from '@/components/EmptyState'
import { ListTools } from '@/components/ListTools'
import { Pager } from '@/components/Pager'
import { leadersOf } from '@/lib/leaders'
import { CHATS_PER_PAGE, listQuery } from '@/lib/paging'
import { requireUser } from '@/lib/session'
import { store } from '@/lib/store'
import { usedTags } from '@/lib/usedTags'
import { counted } from '@/lib/words'

export const metadata: Metadata = { title: 'Chats' }

export default async function ChatsPage({ searchParams }: PageProps<'/chats'>) {
  const user = await requireUser()
  const query = await listQuery(searchParams)
  const where = {
    userId: user.id,
    ...(query.search && { title: { contains: query.search, mode: 'insensitive' as const } }),
    ...(query.tag && { tags: { has: query.tag } }),
  }
  const [all, total, chats, tags] = await Promise.all([
    store.chats.count({ where: { userId: user.id } }),
    store.chats.count({ where }),
    store.chats.findMany({
      where,
      orderBy: [{ lastMessageAt: 'desc' }, { createdAt: 'desc' }],
      take: CHATS_PER_PAGE,
      skip: (query.page - 1) * CHATS_PER_PAGE,
    }),
    usedTags(user.id, 'chats'),
  ])
  if (all === 0) {
    return (
      <div className="page">
        <h1>Chats</h1>
        <EmptyState title="No scene has been played yet">
          <p>Import a play, or begin with the scene that comes with this app.</p>
          <Link className="button" href="/import">
            Import a play
          </Link>
        </EmptyState>
      </div>
    )
  }

  return (
    <div className="page">
      <div className="page-head">
        <h1>Chats</h1>
        <p className="count">{counted(total, 'chat')}</p>
      </div>
      <ListTools path="/chats" label="Search by title" query={query} tags={tags} />
      {chats.length === 0 ? (
        <EmptyState title="No such scene">
          <p>No chat fits what you search for.</p>
          <Link className="button quiet" href="/chats">
            Show all chats
          </Link>
        </EmptyState>
      ) : (
        <ChatList chats={chats} nameOf={await leadersOf(chats)} tags={tags} />
      )}
      <Pager path="/chats" query={query} total={total} perPage={CHATS_PER_PAGE} />
    </div>
  )
}
