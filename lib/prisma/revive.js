'use strict'

/**
 * Makes the times of an answer Dates, in place. Answers come as plain JSON, so a time is known by the
 * field that it is in, and `selection` tells which relations there may be.
 */
function revive(answer, model, selection) {
  if (answer === null) return null
  const relations = model.relations.filter((name) => typeof selection[name] === 'object')
  if (!Array.isArray(answer)) return reviveRecord(answer, model, relations, selection)
  for (const record of answer) reviveRecord(record, model, relations, selection)
  return answer
}

function reviveRecord(record, model, relations, selection) {
  for (const field of model.times) {
    const time = record[field]
    if (typeof time === 'string') record[field] = new Date(time)
  }
  for (const name of relations) {
    revive(record[name], model.fields.get(name).model, selection[name].selection)
  }
  return record
}

/** The answer of `aggregate`, or one group of `groupBy`: the least and the greatest may be times, too. */
function reviveAggregate(record, model) {
  for (const part of [record, record._min, record._max]) {
    if (part) reviveRecord(part, model, [], {})
  }
  return record
}

module.exports = { revive, reviveAggregate }
