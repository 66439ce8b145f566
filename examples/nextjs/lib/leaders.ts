import type { Chat } from 'quilltap-store'
import { store } from './store'

/** The names of the characters that these chats belong to, by id. */
export async function leadersOf(chats: Chat[]) {
  const ids = [...new Set(chats.map((chat) => chat.characterId))]
  const leaders = await store.characters.findMany({ where: { id: { in: ids } } })
  return new Map(leaders.map(({ id, name }) => [id, name]))
}
