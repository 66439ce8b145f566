'use strict'

const fs = require('node:fs')
const path = require('node:path')
const { decode, difference, shown } = require('./values.cjs')

const read = (name) => fs.readFileSync(path.join(__dirname, name), 'utf8')

/** Rows to begin with, and the order in which tables are filled. */
const world = JSON.parse(read('world.json'))
/** One recorded call each; see README.md. */
const cases = ['oracle.jsonl', 'found.jsonl'].flatMap((name) =>
  read(name)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line)),
)

const accessor = (model) => model[0].toLowerCase() + model.slice(1)
const call = (client, { model, method, args }, decoded) =>
  client[accessor(model)][method](...(args === undefined ? [] : [decoded]))

async function loadWorld(client, Prisma) {
  for (const model of world.order) {
    await client[accessor(model)].createMany({ data: decode(world.rows[model], Prisma) })
  }
}

/** Makes the call of a case: `{ value }` or `{ error }`. */
async function execute(client, Prisma, recorded, { ids }) {
  const decoded = (value) => decode(value, Prisma, ids)
  try {
    return { value: await started(client, recorded, decoded) }
  } catch (error) {
    return { error }
  }
}

function started(client, recorded, decoded) {
  const { method, args, fluent = [] } = recorded
  if (method === '$queryRaw') return client.$queryRaw(Object.assign([args.sql], { raw: [args.sql] }))
  if (method === '$transaction') return transaction(client, args, decoded)
  let promise = call(client, recorded, decoded(args))
  for (const step of fluent) promise = promise[step.field](decoded(step.args))
  return promise
}

function transaction(client, { batch, interactive, options }, decoded) {
  if (batch)
    return client.$transaction(
      batch.map((step) => call(client, step, decoded(step.args))),
      options,
    )
  return client.$transaction(async (tx) => {
    const answers = []
    for (const step of interactive) {
      if (step.throw) throw new Error(step.throw)
      answers.push(await attempt(step, () => call(tx, step, decoded(step.args))))
    }
    return answers
  }, options)
}

/** A step whose error is swallowed answers with what it was. */
async function attempt(step, make) {
  try {
    return await make()
  } catch (error) {
    if (!step.catch) throw error
    return { caught: error.code ?? error.name }
  }
}

/** What is wrong with the outcome of a case; null when it is as recorded. */
function judge({ expect, unordered = [] }, { value, error }, bindings) {
  if (!('error' in expect)) {
    if (error) return `expected a value, got ${error.name} ${error.code ?? ''}: ${lastLine(error)}`
    return difference(expect.value, value, '', bindings, new Set(unordered))
  }
  if (!error) return `expected ${expect.error.name ?? 'an error'}, got ${shown(value)}`
  const got = { name: error.name, code: error.code ?? null, lastLine: lastLine(error) }
  for (const [part, words] of Object.entries(expect.error)) {
    if (part === 'meta') {
      const found = difference(words, error.meta, 'meta', bindings, new Set())
      if (found) return found
    } else if (words !== got[part])
      return `${part}: expected ${shown(words)}, got ${shown(got[part])} (${lastLine(error)})`
  }
  return null
}

const lastLine = (error) => String(error.message).trimEnd().split('\n').pop()

module.exports = { cases, execute, judge, loadWorld, world, accessor }
