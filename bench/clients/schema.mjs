// The app's tables, as they were recorded from its database: Prisma's schema for either provider, and
// SQL with the same keys and indexes.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const recorded = createRequire(import.meta.url)('../../__test__/prisma/differential/schema.cjs')
const { enums, models } = JSON.parse(
  readFileSync(new URL('../../tests/fixtures/prisma/tables.json', import.meta.url), 'utf8'),
)

const quoted = (names) => names.map((name) => `"${name}"`).join(', ')

export function prismaSchema(provider, output) {
  const schema = recorded.prismaSchema()
  // SQLite has no names for foreign keys.
  return (provider === 'sqlite' ? schema.replace(/, map: "\w+"/g, '') : schema)
    .replace(/datasource db \{[^}]*\}/, `datasource db {\n  provider = "${provider}"\n}`)
    .replace(
      /generator client \{[^}]*\}/,
      `generator client {\n  provider = "prisma-client-js"\n  output = "${output}"\n}`,
    )
}

const indexes = () =>
  Object.values(models).flatMap(({ table, indexes }) =>
    indexes.map((fields) => `CREATE INDEX "${table}_${fields.join('_')}_idx" ON "${table}" (${quoted(fields)})`),
  )

/** What the app's migrations make of PostgreSQL. */
export const postgresql = () => [recorded.ddl(), ...indexes()].join(';\n')

const TYPES = { String: 'TEXT', Int: 'INTEGER', Boolean: 'BOOLEAN', DateTime: 'DATETIME', Json: 'JSONB' }

/** What `prisma migrate` would make of SQLite. */
export function sqlite() {
  const tables = Object.values(models).map(({ table, fields, primaryKey, relations }) => {
    const lines = fields.map(({ column, type, nullable }) => {
      return `"${column}" ${TYPES[type in enums ? 'String' : type]}${nullable ? '' : ' NOT NULL'}`
    })
    if (primaryKey) lines.push(`PRIMARY KEY (${quoted(primaryKey.fields)})`)
    for (const { fromFields, target, references, onDelete } of relations.filter(
      ({ fromFields }) => fromFields?.length,
    )) {
      const rule = onDelete.replace(/[A-Z]/g, ' $&').toUpperCase()
      lines.push(
        `FOREIGN KEY (${quoted(fromFields)}) REFERENCES "${models[target].table}" (${quoted(references)}) ON DELETE${rule} ON UPDATE CASCADE`,
      )
    }
    return `CREATE TABLE "${table}" (${lines.join(', ')})`
  })
  const uniques = Object.values(models).flatMap(({ table, fields, uniques: compound }) => {
    const single = fields.filter(({ unique }) => unique).map(({ column }) => [column])
    return [...single, ...compound.map(({ fields: names }) => names)].map(
      (names) => `CREATE UNIQUE INDEX "${table}_${names.join('_')}_key" ON "${table}" (${quoted(names)})`,
    )
  })
  return [...tables, ...uniques, ...indexes()].join(';\n')
}
