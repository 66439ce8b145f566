import { store } from './store'

/** The user's tags that are on at least one record of a kind, by name. */
export async function usedTags(userId: string, kind: 'characters' | 'chats') {
  const tags = await store.tags.findMany({ where: { userId }, orderBy: [{ nameLower: 'asc' }] })
  const counts = await Promise.all(tags.map((tag) => store[kind].count({ where: { userId, tags: { has: tag.id } } })))
  return tags.filter((_, place) => counts[place]! > 0)
}
