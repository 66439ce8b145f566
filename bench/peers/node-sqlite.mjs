// SQLite as Node brings it along, with the tables of better-sqlite3.

import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { over } from './sqlite.mjs'

export const classes = { full: 'durable', normal: 'process' }

/** What a statement gives of rows with one column. */
const plucked = (statement) => ({
  get: (...values) => statement.get(...values)?.data,
  all: (...values) => statement.all(...values).map((row) => row.data),
})

export function open(dir, synchronous) {
  const db = new DatabaseSync(path.join(dir, 'data.sqlite'))
  db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}`)
  const [begin, commit, rollback] = ['BEGIN', 'COMMIT', 'ROLLBACK'].map((text) => db.prepare(text))
  return over({
    exec: (text) => db.exec(text),
    prepare: (text) => Object.assign(db.prepare(text), { pluck: () => plucked(db.prepare(text)) }),
    transaction:
      (work) =>
      (...values) => {
        begin.run()
        try {
          const answer = work(...values)
          commit.run()
          return answer
        } catch (error) {
          rollback.run()
          throw error
        }
      },
    close: () => db.close(),
  })
}
