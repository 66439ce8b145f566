'use strict'

// Rows of the app's tables as a file of `pg_dump` has them, made from recorded rows and from odd ones.

const fs = require('node:fs')
const path = require('node:path')

const { enums, models } = JSON.parse(
  fs.readFileSync(path.join(__dirname, '../../tests/fixtures/prisma/tables.json'), 'utf8'),
)
const recorded = JSON.parse(fs.readFileSync(path.join(__dirname, '../prisma/oracle/world.json'), 'utf8'))

const ESCAPES = { '\\': '\\\\', '\b': '\\b', '\f': '\\f', '\n': '\\n', '\r': '\\r', '\t': '\\t', '\v': '\\v' }
const escaped = (text) => text.replace(/[\\\b\f\n\r\t\v]/g, (char) => ESCAPES[char])

/** A value of a recorded row as COPY writes it. */
function field(value, { type }) {
  if (value === undefined || (value === null && type !== 'Json') || value?.$prisma === 'DbNull') return '\\N'
  if (value?.$sql !== undefined) return escaped(value.$sql)
  if (value?.$date) return value.$date.replace('T', ' ').replace('Z', '')
  if (value?.$prisma === 'JsonNull') return 'null'
  if (type === 'Json') return escaped(JSON.stringify(value))
  if (type === 'Boolean') return value ? 't' : 'f'
  return escaped(String(value))
}

/** The text of a dump of these rows: of every table, in an order that needs no deferred check. */
function dump(rows, { order = recorded.order } = {}) {
  const tables = order.map((name) => {
    const { table, fields } = models[name]
    const lines = (rows[name] ?? []).map((row) => fields.map((one) => field(row[one.name], one)).join('\t') + '\n')
    const columns = fields.map(({ column }) => `"${column}"`).join(', ')
    return `COPY public.${table} (${columns}) FROM stdin;\n${lines.join('')}\\.\n`
  })
  const head = "SET client_encoding = 'UTF8';\nSET DateStyle = 'ISO';\nBEGIN;\n\n"
  return `--\n-- PostgreSQL database dump\n--\n\n${head}${tables.join('\n')}\nCOMMIT;\n\n-- PostgreSQL database dump complete\n`
}

/** A dump that takes a while: the recorded world, and thousands of messages. */
function longDump(file, messages) {
  const rows = structuredClone(recorded.rows)
  for (const row of [...rows.Session, ...rows.VerificationToken]) row.expires = { $date: '2999-01-01T00:00:00.000Z' }
  for (let n = 0; n < messages; n++) {
    const like = rows.Message[n % 331]
    rows.Message.push({ ...like, id: `more-${n}`, content: `${n} ${'word '.repeat(n % 50)}` })
  }
  fs.writeFileSync(file, dump(rows))
}

module.exports = { dump, field, longDump, models, recorded }

// ---- odd rows

const TEXTS = [
  '',
  '\\N',
  '\\.',
  ' leading and trailing ',
  'tab\tline\nreturn\rback\\slash\b\f\v',
  'Zażółć gęślą jaźń 🦊 \u{1F468}\u200D\u{1F469}\u200D\u{1F467}',
  '\u0001\u001f\u007f\u0085\u2028\u2029\ufeff\ufffd',
  '"quotes" \'and\' `more` $1 %s {{char}}',
  '<script>alert(1)</script>',
  'x'.repeat(400),
]
const TIMES = [
  '1970-01-01 00:00:00',
  '0001-01-01 00:00:00',
  '1969-12-31 23:59:59.999',
  '2024-03-10 02:30:00',
  '2024-11-03 01:30:00.5',
  '2024-02-29 12:00:00.123',
  '9999-12-31 23:59:59.999',
  '10000-01-01 00:00:00',
  '275760-09-13 00:00:00',
]
const DOCUMENTS = [
  'null',
  '{}',
  '[]',
  '0',
  '-1.5',
  '1.10',
  '1e22',
  '1.7976931348623157e308',
  '5e-324',
  '9007199254740991',
  'true',
  '"text"',
  '"\\u0001 \\" \\\\ 🦊"',
  '[1, "a", null, {"b": [2]}]',
  '{"": 1, "a": null, "__proto__": {"x": 1}, "toString": "y", "10": 1, "9": 2, "ab": {"z": [], "y": {}}}',
]
const IDS = ['plain', 'A-b_C', 'ü id', '..', 'a/b', 'CON', '', 'x'.repeat(30), '日本', '-', "it's", '%', '\\', 'a.json']
const INTS = [0, 1, -1, 2147483647, -2147483648]

const sql = ($sql) => ({ $sql })
const at = (list, n) => list[n % list.length]

/** What columns may hold besides. */
function oddValue(field, n) {
  if (field.nullable && n % 3 === 2) return null
  switch (field.type) {
    case 'String':
      return at(TEXTS, n)
    case 'Int':
      return at(INTS, n)
    case 'Boolean':
      return n % 2 === 0
    case 'DateTime':
      return sql(at(TIMES, n))
    case 'Json':
      return sql(at(DOCUMENTS, n))
    default:
      return at(enums[field.type], n)
  }
}

/** As many odd rows of every table as there are odd ids; every reference holds, every unique too. */
function odd() {
  const rows = {}
  const count = IDS.length
  for (const name of recorded.order) {
    const model = models[name]
    const references = new Map()
    for (const { fromFields, target } of model.relations) {
      if (fromFields?.length) references.set(fromFields[0], target)
    }
    const unique = new Set(model.fields.filter((field) => field.unique).map((field) => field.name))
    for (const { fields } of model.uniques) if (!references.has(fields.at(-1))) unique.add(fields.at(-1))
    rows[name] = Array.from({ length: count }, (_, n) => {
      const value = (field, k) => {
        // Images and files of chats are records of one model.
        if (field.id) return `${IDS[n]}${name === 'ChatFile' || n % 2 ? name : ''}`
        if (references.has(field.name)) {
          if (field.nullable && n % 3 === 2) return null
          return rows[references.get(field.name)][n].id
        }
        if (name === 'ImageTag' && field.name === 'tagId') return `free ${n}`
        if (name === 'Image' && field.name === 'source') return at(['upload', 'import', 'generated'], n)
        if (['expires'].includes(field.name)) return sql(at(['2999-01-01 00:00:00', '9999-12-31 23:59:59.999'], n))
        if (unique.has(field.name)) return `${n} ${at(TEXTS.slice(0, -1), n)}`
        return oddValue(field, n + k)
      }
      return Object.fromEntries(model.fields.map((field, k) => [field.name, value(field, k)]))
    })
  }
  return rows
}

module.exports.odd = odd
