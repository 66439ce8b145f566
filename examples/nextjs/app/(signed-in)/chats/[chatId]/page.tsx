import type { Metadata } from 'next'
import Link from 'next/link'
import { notFound } from 'next/navigation'
import { deleteChat } from '@/actions/chats'
import { ConfirmDelete } from '@/components/ConfirmDelete'
import { Conversation } from '@/components/Conversation'
import { TagEditor } from '@/components/TagEditor'
import { MESSAGES_PER_PAGE } from '@/lib/paging'
import { lineOf, ownChat } from '@/lib/records'
import { requireUser } from '@/lib/session'
import { store } from '@/lib/store'
import { counted } from '@/lib/words'

type Props = PageProps<'/chats/[chatId]'>

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const user = await requireUser()
  return { title: (await ownChat(user.id, (await params).chatId))?.title ?? 'Not found' }
}

export default async function ChatPage({ params }: Props) {
  const user = await requireUser()
  const chat = await ownChat(user.id, (await params).chatId)
  if (!chat) notFound()
  const [messages, character, tags] = await Promise.all([
    store.chats.getMessages(chat.id, { limit: MESSAGES_PER_PAGE }),
    store.characters.findById(chat.characterId),
    store.tags.findMany({ where: { userId: user.id }, orderBy: [{ nameLower: 'asc' }] }),
  ])
  if (!character) notFound()
  const named = tags.map(({ id, name }) => ({ id, name }))

  return (
    <div className="chat">
      <header className="chat-head">
        <div className="chat-title">
          <h1>{chat.title}</h1>
          <p>
            with <Link href={`/characters/${character.id}`}>{character.name}</Link>
          </p>
        </div>
        <details className="chat-menu">
          <summary className="button quiet small">Tags and more</summary>
          <div className="chat-menu-panel">
            <TagEditor
              kind="chats"
              recordId={chat.id}
              tags={named.filter((tag) => chat.tags.includes(tag.id))}
              known={named}
            />
            <ConfirmDelete
              what="this chat"
              label="Delete this chat"
              warning={`“${chat.title}” and its ${counted(chat.messageCount, 'message')} will be gone. This cannot be undone.`}
              action={deleteChat.bind(null, chat.id)}
            />
          </div>
        </details>
      </header>
      <Conversation
        key={chat.id}
        chatId={chat.id}
        characterName={character.name}
        newest={messages.map(lineOf)}
        total={chat.messageCount}
      />
    </div>
  )
}
