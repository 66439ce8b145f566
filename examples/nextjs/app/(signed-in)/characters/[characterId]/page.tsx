import type { Metadata } from 'next'
import Link from 'next/link'
import { notFound } from 'next/navigation'
import { deleteCharacter } from '@/actions/characters'
import { ChatList } from '@/components/ChatList'
import { ConfirmDelete } from '@/components/ConfirmDelete'
import { EmptyState } from '@/components/EmptyState'
import { FavoriteButton } from '@/components/FavoriteButton'
import { Monogram } from '@/components/Monogram'
import { StartChatButton } from '@/components/StartChatButton'
import { TagEditor } from '@/components/TagEditor'
import { leadersOf } from '@/lib/leaders'
import { chatsWith, ownCharacter } from '@/lib/records'
import { requireUser } from '@/lib/session'
import { store } from '@/lib/store'
import { counted } from '@/lib/words'

type Props = PageProps<'/characters/[characterId]'>

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const user = await requireUser()
  return { title: (await ownCharacter(user.id, (await params).characterId))?.name ?? 'Not found' }
}

export default async function CharacterPage({ params }: Props) {
  const user = await requireUser()
  const character = await ownCharacter(user.id, (await params).characterId)
  if (!character) notFound()
  const [chats, tags] = await Promise.all([
    chatsWith(user.id, character.id),
    store.tags.findMany({ where: { userId: user.id }, orderBy: [{ nameLower: 'asc' }] }),
  ])
  const leads = chats.filter((chat) => chat.characterId === character.id).length

  return (
    <div className="page narrow">
      <header className="profile">
        <Monogram name={character.name} large />
        <div>
          {character.title ? <p className="eyebrow">{character.title}</p> : null}
          <h1>{character.name}</h1>
          <p className="lead">{character.description}</p>
        </div>
      </header>
      <div className="toolbar">
        <StartChatButton characterId={character.id} />
        <FavoriteButton characterId={character.id} isFavorite={character.isFavorite} />
        <ConfirmDelete
          what={character.name}
          warning={
            leads > 0
              ? `The ${counted(leads, 'chat')} that ${character.name} leads will be deleted too, with every message. This cannot be undone.`
              : 'What this character said in the chats of others stays. This cannot be undone.'
          }
          action={deleteCharacter.bind(null, character.id)}
        />
      </div>
      <TagEditor
        kind="characters"
        recordId={character.id}
        tags={tags.filter((tag) => character.tags.includes(tag.id)).map(({ id, name }) => ({ id, name }))}
        known={tags.map(({ id, name }) => ({ id, name }))}
      />
      {character.firstMessage ? (
        <section>
          <h2>First words</h2>
          <blockquote className="first-words">{character.firstMessage}</blockquote>
        </section>
      ) : null}
      <section>
        <h2>
          Chats <span className="count">{chats.length}</span>
        </h2>
        {chats.length > 0 ? (
          <ChatList chats={chats} nameOf={await leadersOf(chats)} tags={tags} />
        ) : (
          <EmptyState title="Waiting for a cue">
            <p>{character.name} has no chat yet.</p>
          </EmptyState>
        )}
      </section>
    </div>
  )
}
