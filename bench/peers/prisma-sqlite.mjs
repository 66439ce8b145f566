// Prisma 7 on better-sqlite3, with the models and tables of Prisma on PostgreSQL.

import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { generate } from '../clients/sides.mjs'
import { over } from './over-prisma.mjs'

export const classes = { normal: 'process' }

const place = new URL('../prisma/', import.meta.url)
const require = createRequire(new URL('../clients/package.json', import.meta.url))
const { PrismaBetterSqlite3 } = require('@prisma/adapter-better-sqlite3')
const Database = require('better-sqlite3')

const { Prisma, PrismaClient } = generate('peers', (output) =>
  readFileSync(new URL('schema.prisma', place), 'utf8')
    .replace('"postgresql"', '"sqlite"')
    .replace('"prisma-client-js"', `"prisma-client-js"\n  output = ${JSON.stringify(output)}`),
)

export async function open(dir, synchronous) {
  const file = path.join(dir, 'data.sqlite')
  if (!existsSync(file)) {
    const database = new Database(file)
    database.pragma('journal_mode = WAL')
    database.exec(readFileSync(new URL('tables.sql', place), 'utf8').replaceAll('TIMESTAMP(3)', 'DATETIME'))
    database.close()
  }
  const prisma = new PrismaClient({ adapter: new PrismaBetterSqlite3({ url: `file:${file}` }) })
  await prisma.$queryRawUnsafe(`PRAGMA synchronous = ${synchronous}`)
  return over(prisma, Prisma.DbNull)
}
