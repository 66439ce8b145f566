import Link from 'next/link'
import { listAddress } from '@/lib/paging'

interface Props {
  path: string
  query: { search: string; tag: string; page: number }
  total: number
  perPage: number
}

export function Pager({ path, query, total, perPage }: Props) {
  const last = Math.ceil(total / perPage)
  if (last <= 1) return null
  const to = (page: number) => listAddress(path, { ...query, page })
  return (
    <nav className="pager" aria-label="Pages">
      {query.page > 1 ? (
        <Link className="button quiet" href={to(query.page - 1)} rel="prev">
          Back
        </Link>
      ) : (
        <span />
      )}
      <span>
        Page {query.page} of {last}
      </span>
      {query.page < last ? (
        <Link className="button quiet" href={to(query.page + 1)} rel="next">
          Next
        </Link>
      ) : (
        <span />
      )}
    </nav>
  )
}
