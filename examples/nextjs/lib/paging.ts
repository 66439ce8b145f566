export const MESSAGES_PER_PAGE = 60
export const CHARACTERS_PER_PAGE = 48
export const CHATS_PER_PAGE = 30

/** What a list page is asked for: `?search=…&tag=…&page=2`. */
export type SearchParams = Promise<Record<string, string | string[] | undefined>>

export async function listQuery(params: SearchParams) {
  const { search, tag, page } = await params
  return {
    search: typeof search === 'string' ? search.trim().slice(0, 200) : '',
    tag: typeof tag === 'string' ? tag : '',
    page: Math.max(1, Math.trunc(Number(page)) || 1),
  }
}

export function listAddress(path: string, query: { search?: string; tag?: string; page?: number }) {
  const params = new URLSearchParams()
  if (query.search) params.set('search', query.search)
  if (query.tag) params.set('tag', query.tag)
  if (query.page && query.page > 1) params.set('page', String(query.page))
  return params.size > 0 ? `${path}?${params}` : path
}
