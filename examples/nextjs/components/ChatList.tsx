import Link from 'next/link'
import type { Chat, Tag } from 'quilltap-store'
import { Monogram } from '@/components/Monogram'
import { counted, day } from '@/lib/words'

interface Props {
  chats: Chat[]
  /** The names of the characters that the chats belong to, by id. */
  nameOf: Map<string, string>
  tags: Tag[]
}

export function ChatList({ chats, nameOf, tags }: Props) {
  return (
    <ul className="rows">
      {chats.map((chat) => {
        const leader = nameOf.get(chat.characterId)
        return (
          <li key={chat.id}>
            <Link className="row" href={`/chats/${chat.id}`}>
              <Monogram name={leader ?? chat.title} />
              <span className="row-words">
                <span className="row-title">{chat.title}</span>
                <span className="row-note">
                  {counted(chat.messageCount, 'message')} · {day(chat.lastMessageAt ?? chat.createdAt)}
                </span>
              </span>
              <span className="row-tags">
                {tags
                  .filter((tag) => chat.tags.includes(tag.id))
                  .map((tag) => (
                    <span key={tag.id} className="chip small">
                      {tag.name}
                    </span>
                  ))}
              </span>
            </Link>
          </li>
        )
      })}
    </ul>
  )
}
