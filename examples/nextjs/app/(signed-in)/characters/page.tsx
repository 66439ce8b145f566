import type { Metadata } from 'next'
import Link from 'next/link'
import { EmptyState } from '@/components/EmptyState'
import { ListTools } from '@/components/ListTools'
import { Monogram } from '@/components/Monogram'
import { Pager } from '@/components/Pager'
import { CHARACTERS_PER_PAGE, listQuery } from '@/lib/paging'
import { requireUser } from '@/lib/session'
import { store } from '@/lib/store'
import { usedTags } from '@/lib/usedTags'
import { counted } from '@/lib/words'

export const metadata: Metadata = { title: 'Characters' }

export default async function CharactersPage({ searchParams }: PageProps<'/characters'>) {
  const user = await requireUser()
  const query = await listQuery(searchParams)
  const where = {
    userId: user.id,
    ...(query.search && { name: { contains: query.search, mode: 'insensitive' as const } }),
    ...(query.tag && { tags: { has: query.tag } }),
  }
  const [everybody, total, characters, tags] = await Promise.all([
    store.characters.count({ where: { userId: user.id } }),
    store.characters.count({ where }),
    store.characters.findMany({
      where,
      orderBy: [{ isFavorite: 'desc' }, { name: 'asc' }],
      take: CHARACTERS_PER_PAGE,
      skip: (query.page - 1) * CHARACTERS_PER_PAGE,
    }),
    usedTags(user.id, 'characters'),
  ])

  if (everybody === 0) {
    return (
      <div className="page">
        <h1>Characters</h1>
        <EmptyState title="The stage is empty">
          <p>Import a play, and everybody who speaks in it becomes a character.</p>
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
        <h1>Characters</h1>
        <p className="count">{counted(total, 'character')}</p>
      </div>
      <ListTools path="/characters" label="Search by name" query={query} tags={tags} />
      {characters.length === 0 ? (
        <EmptyState title="Nobody answers to that">
          <p>No character fits what you search for.</p>
          <Link className="button quiet" href="/characters">
            Show everybody
          </Link>
        </EmptyState>
      ) : (
        <ul className="cards">
          {characters.map((character) => (
            <li key={character.id}>
              <Link className="card" href={`/characters/${character.id}`}>
                <Monogram name={character.name} />
                <span className="card-words">
                  <span className="card-name">
                    {character.name}
                    {character.isFavorite ? (
                      <span className="star" role="img" aria-label="favourite">
                        ★
                      </span>
                    ) : null}
                  </span>
                  <span className="card-note">{character.description}</span>
                </span>
              </Link>
            </li>
          ))}
        </ul>
      )}
      <Pager path="/characters" query={query} total={total} perPage={CHARACTERS_PER_PAGE} />
    </div>
  )
}
