import Link from 'next/link'
import type { Tag } from 'quilltap-store'
import { listAddress } from '@/lib/paging'

interface Props {
  path: string
  label: string
  query: { search: string; tag: string }
  tags: Tag[]
}

/** A search field and the tags to filter by; a plain form, so it works without scripts. */
export function ListTools({ path, label, query, tags }: Props) {
  return (
    <div className="list-tools">
      <form role="search" action={path} className="search">
        <input
          type="search"
          name="search"
          aria-label={label}
          placeholder={label}
          defaultValue={query.search}
          key={query.search}
        />
        {query.tag ? <input type="hidden" name="tag" value={query.tag} /> : null}
        <button className="button">Search</button>
      </form>
      {tags.length > 0 ? (
        <ul className="chips" aria-label="Filter by tag">
          {tags.map((tag) => {
            const chosen = tag.id === query.tag
            const href = listAddress(path, { search: query.search, tag: chosen ? '' : tag.id })
            return (
              <li key={tag.id}>
                <Link className="chip" href={href} aria-current={chosen ? 'true' : undefined}>
                  {tag.name}
                  {chosen ? <span aria-label="remove the filter"> ×</span> : null}
                </Link>
              </li>
            )
          })}
        </ul>
      ) : null}
    </div>
  )
}
