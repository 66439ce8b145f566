'use strict'

const { copy } = require('./answers.js')
const { Turn, forEach } = require('./long.js')

/**
 * Makes the times of an answer Dates, in place. Answers come as plain JSON, so a time is known by the
 * field that it is in, and `selection` tells which relations there may be. A time is the milliseconds
 * since 1970, or a text in an aggregate.
 */
function revive(answer, model, selection) {
  if (answer === null) return null
  const relations = relationsIn(selection, model)
  if (!Array.isArray(answer)) return reviveRecord(answer, model, relations, selection)
  for (const record of answer) reviveRecord(record, model, relations, selection)
  return answer
}

/** Puts the lists of an answer where numbers stand for them. */
function putLists(data, lists, model, selection) {
  const found = typeof data === 'number' ? lists[data] : data
  const relations = relationsIn(selection, model)
  if (relations.length === 0 || found === null) return found
  for (const record of Array.isArray(found) ? found : [found]) {
    for (const name of relations) {
      record[name] = putLists(record[name], lists, model.fields.get(name).model, selection[name].selection)
    }
  }
  return found
}

function relationsIn(selection, model) {
  return model.relations.filter((name) => typeof selection[name] === 'object')
}

/** The same for many rows, while others have their turn now and then. */
async function reviveLong(answer, model, selection, turn = new Turn()) {
  if (answer === null) return null
  const relations = relationsIn(selection, model)
  await forEach(Array.isArray(answer) ? answer : [answer], turn, async (record) => {
    reviveTimes(record, model)
    for (const name of relations) {
      await reviveLong(record[name], model.fields.get(name).model, selection[name].selection, turn)
    }
  })
  return answer
}

function reviveTimes(record, model) {
  for (const field of model.times) {
    const time = record[field]
    if (typeof time === 'number' || typeof time === 'string') record[field] = new Date(time)
  }
}

function reviveRecord(record, model, relations, selection) {
  reviveTimes(record, model)
  for (const name of relations) {
    revive(record[name], model.fields.get(name).model, selection[name].selection)
  }
  return record
}

/** A copy of an answer whose times are not Dates yet. */
function copyAnswer(answer, model, selection) {
  if (answer === null) return null
  const relations = relationsIn(selection, model)
  if (!Array.isArray(answer)) return copyRecord(answer, model, relations, selection)
  return answer.map((record) => copyRecord(record, model, relations, selection))
}

function copyRecord(record, model, relations, selection) {
  const made = { ...record }
  for (const field of model.jsons) made[field] &&= copy(made[field])
  for (const name of relations) {
    made[name] = copyAnswer(made[name], model.fields.get(name).model, selection[name].selection)
  }
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

module.exports = { copyAnswer, putLists, revive, reviveAggregate, reviveLong }
