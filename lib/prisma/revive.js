'use strict'

const { copy } = require('./answers.js')
const { Turn, forEach } = require('./long.js')

/**
 * What of the rows of an answer is no plain JSON or leads to other rows: answers come as plain JSON, so a time is known by the
 * field that it is in. It is the milliseconds since 1970, or a text in an aggregate.
 *
 * @typedef {{ times: string[], jsons: string[], relations: { name: string, plan: Plan }[] }} Plan
 */

/** The plan of what a selection asks of a model's rows. */
function planOf(model, selection) {
  const names = model.relations.filter((name) => typeof selection[name] === 'object')
  const relations = names.map((name) => ({
    name,
    plan: planOf(model.fields.get(name).model, selection[name].selection),
  }))
  return { times: model.times, jsons: model.jsons, relations }
}

/** Makes the times of an answer Dates, in place. */
function revive(answer, plan) {
  if (answer === null) return null
  if (!Array.isArray(answer)) return reviveRecord(answer, plan)
  for (const record of answer) reviveRecord(record, plan)
  return answer
}

function reviveRecord(record, plan) {
  reviveTimes(record, plan)
  for (const { name, plan: inner } of plan.relations) revive(record[name], inner)
  return record
}

function reviveTimes(record, { times }) {
  for (const field of times) {
    const time = record[field]
    if (typeof time === 'number' || typeof time === 'string') record[field] = new Date(time)
  }
}

/** The same for many rows, while others have their turn now and then. */
async function reviveLong(answer, plan, turn = new Turn()) {
  if (answer === null) return null
  await forEach(Array.isArray(answer) ? answer : [answer], turn, async (record) => {
    reviveTimes(record, plan)
    for (const { name, plan: inner } of plan.relations) await reviveLong(record[name], inner, turn)
  })
  return answer
}

/** Puts the lists of an answer where numbers stand for them. */
function putLists(data, lists, plan) {
  const found = typeof data === 'number' ? lists[data] : data
  if (plan.relations.length === 0 || found === null) return found
  for (const record of Array.isArray(found) ? found : [found]) {
    for (const { name, plan: inner } of plan.relations) record[name] = putLists(record[name], lists, inner)
  }
  return found
}

/** A copy of an answer whose times are not Dates yet, with Dates. */
function copyAnswer(answer, plan) {
  if (answer === null) return null
  return Array.isArray(answer) ? answer.map((record) => copyRecord(record, plan)) : copyRecord(answer, plan)
}

function copyRecord(record, plan) {
  const made = { ...record }
  reviveTimes(made, plan)
  for (const field of plan.jsons) made[field] &&= copy(made[field])
  for (const { name, plan: inner } of plan.relations) made[name] = copyAnswer(made[name], inner)
  if (made._count !== undefined) made._count = { ...made._count }
  return made
}

/** The answer of `aggregate`, or one group of `groupBy`: the least and the greatest may be times, too. */
function reviveAggregate(record, model) {
  for (const part of [record, record._min, record._max]) {
    if (part) reviveTimes(part, model)
  }
  return record
}

module.exports = { copyAnswer, planOf, putLists, revive, reviveAggregate, reviveLong }
