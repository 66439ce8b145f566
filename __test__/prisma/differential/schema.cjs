'use strict'

// The recorded tables as a schema of Prisma's, and as SQL.

const fs = require('node:fs')
const path = require('node:path')

const file = path.join(__dirname, '../../../tests/fixtures/prisma/tables.json')
const { enums, models } = JSON.parse(fs.readFileSync(file, 'utf8'))

/** The schema, for a client whose generator has this line besides. */
function prismaSchema(line = 'previewFeatures = ["driverAdapters"]') {
  const head = `datasource db {\n  provider = "postgresql"\n  url = "postgresql://unused"\n}\ngenerator client {\n  provider = "prisma-client-js"\n  ${line}\n}\n`
  const words = Object.entries(enums).map(([name, values]) => `enum ${name} {\n  ${values.join('\n  ')}\n}\n`)
  return [head, ...words, ...Object.values(models).map(modelText)].join('\n')
}

function modelText(model) {
  const fields = new Map(model.fields.map((field) => [field.name, fieldText(field)]))
  for (const relation of model.relations) fields.set(relation.field, relationText(relation))
  const lines = model.fieldOrder.map((name) => fields.get(name))
  if (model.primaryKey?.fields.length > 1) lines.push(`@@id([${model.primaryKey.fields}])`)
  for (const { fields } of model.uniques) lines.push(`@@unique([${fields}])`)
  lines.push(`@@map("${model.table}")`)
  return `model ${model.model} {\n  ${lines.join('\n  ')}\n}\n`
}

function fieldText({ name, column, type, nullable, id, unique, default: fallback }) {
  const attributes = []
  if (id) attributes.push('@id')
  if (unique) attributes.push('@unique')
  if (fallback) attributes.push(DEFAULTS[fallback.kind](fallback.value, type))
  if (column !== name) attributes.push(`@map("${column}")`)
  return `${name} ${type}${nullable ? '?' : ''} ${attributes.join(' ')}`
}

const DEFAULTS = {
  uuid: () => '@default(uuid())',
  now: () => '@default(now())',
  updatedAt: () => '@updatedAt',
  literal: (value, type) => {
    if (type === 'Json') return `@default(${JSON.stringify(JSON.stringify(value))})`
    return `@default(${type === 'String' ? JSON.stringify(value) : value})`
  },
}

function relationText({
  field,
  target,
  list,
  nullable,
  relationName,
  fromFields,
  references,
  onDeleteInSchema,
  constraint,
}) {
  const parts = [`name: "${relationName}"`]
  if (fromFields?.length) {
    parts.push(`fields: [${fromFields}]`, `references: [${references}]`, `map: "${constraint}"`)
    if (onDeleteInSchema) parts.push(`onDelete: ${onDeleteInSchema}`)
  }
  return `${field} ${target}${list ? '[]' : nullable ? '?' : ''} @relation(${parts.join(', ')})`
}

const ACTIONS = { Cascade: 'CASCADE', SetNull: 'SET NULL', Restrict: 'RESTRICT', NoAction: 'NO ACTION' }
const quoted = (names) => names.map((name) => `"${name}"`).join(', ')

function ddl() {
  const types = Object.entries(enums).map(([name, words]) => {
    return `CREATE TYPE "${name}" AS ENUM (${words.map((word) => `'${word}'`).join(', ')})`
  })
  const all = Object.values(models)
  return [...types, ...all.map(createTable), ...all.flatMap(uniques), ...all.flatMap(foreignKeys)].join(';\n')
}

function createTable({ table, fields, primaryKey }) {
  const lines = fields.map(({ column, type, sqlType, nullable }) => {
    return `"${column}" ${type in enums ? `"${type}"` : sqlTypeOf(sqlType)}${nullable ? '' : ' NOT NULL'}`
  })
  if (primaryKey) lines.push(`CONSTRAINT "${table}_pkey" PRIMARY KEY (${quoted(primaryKey.fields)})`)
  return `CREATE TABLE "${table}" (${lines.join(', ')})`
}

const sqlTypeOf = (sqlType) => (sqlType.startsWith('timestamp') ? 'timestamp(3)' : sqlType)

function uniques({ table, fields, uniques: compound }) {
  const single = fields.filter(({ unique }) => unique).map(({ column }) => [column])
  return [...single, ...compound.map(({ fields: names }) => names)].map((names) => {
    return `CREATE UNIQUE INDEX "${table}_${names.join('_')}_key" ON "${table}" (${quoted(names)})`
  })
}

function foreignKeys({ table, relations }) {
  const held = relations.filter(({ fromFields }) => fromFields?.length)
  return held.map(({ constraint, fromFields, target, references, onDelete, onUpdate }) => {
    const to = `"${models[target].table}" (${quoted(references)})`
    const rules = `ON DELETE ${ACTIONS[onDelete]} ON UPDATE ${ACTIONS[onUpdate]}`
    return `ALTER TABLE "${table}" ADD CONSTRAINT "${constraint}" FOREIGN KEY (${quoted(fromFields)}) REFERENCES ${to} ${rules}`
  })
}

module.exports = { ddl, prismaSchema, models, enums }
