// Is a history of calls one that a store could have given that does one thing after the other?
//
// An operation is { call, back, ask, answer, who }: when it was called and when it came back (by a clock
// that all processes share), what was asked and what came. One that never came back (its process was
// killed) has no `back`: it may have happened at any time after its call, or never.
'use strict'

/**
 * Searches for an order in which every operation takes effect at one moment between its call and its
 * return, and gives the answer that it gave (Wing and Gong's search, with Lowe's memory of what was
 * tried). `model.step(state, ask)` gives the state afterwards and the answer; states are texts.
 */
function isLinearizable(history, model) {
  const events = []
  history.forEach((operation, number) => {
    events.push({ at: operation.call, number, isCall: true })
    if (operation.back !== undefined) events.push({ at: operation.back, number, isCall: false })
  })
  // Of a call and a return at the same time neither was before the other: calls come first.
  events.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : Number(b.isCall) - Number(a.isCall)))
  const head = { next: null }
  let last = head
  const entries = history.map(() => ({}))
  for (const { number, isCall } of events) {
    const entry = { number, isCall, before: last, next: null }
    entries[number][isCall ? 'call' : 'back'] = entry
    last.next = entry
    last = entry
  }
  const lift = (entry) => {
    entry.before.next = entry.next
    if (entry.next) entry.next.before = entry.before
  }
  const unlift = (entry) => {
    entry.before.next = entry
    if (entry.next) entry.next.before = entry
  }
  let state = model.start
  let done = 0n
  let open = history.filter((operation) => operation.back !== undefined).length
  const tried = new Set()
  const stack = []
  let entry = head.next
  while (open > 0) {
    if (entry?.isCall) {
      const { number } = entry
      const { ask, answer, back } = history[number]
      const stepped = model.step(state, ask)
      const after = done | (1n << BigInt(number))
      const fits = back === undefined || stepped.answer === answer
      if (fits && !tried.has(`${after} ${stepped.state}`)) {
        tried.add(`${after} ${stepped.state}`)
        stack.push({ entry, state })
        lift(entry)
        if (entries[number].back) lift(entries[number].back)
        if (back !== undefined) open--
        state = stepped.state
        done = after
        entry = head.next
      } else entry = entry.next
    } else {
      // A return whose call has found no place: something before it was placed wrongly.
      const undone = stack.pop()
      if (undone === undefined) return false
      const { number } = undone.entry
      if (entries[number].back) {
        unlift(entries[number].back)
        open++
      }
      unlift(undone.entry)
      state = undone.state
      done &= ~(1n << BigInt(number))
      entry = undone.entry.next
    }
  }
  return true
}

/** A record that is there with a value, or not there. */
const RECORD = {
  start: 'none',
  changes: ({ ask, answer }) => ask[0] !== 'read' && answer !== 'UNIQUE' && answer !== 'none',
  step(state, [what, value]) {
    const there = state !== 'none'
    switch (what) {
      case 'read':
        return { state, answer: state }
      case 'create':
        return there ? { state, answer: 'UNIQUE' } : { state: value, answer: value }
      case 'update':
        return there ? { state: value, answer: value } : { state, answer: 'none' }
      case 'delete':
        return { state: 'none', answer: there ? 'gone' : 'none' }
      default:
        throw new Error(`a record cannot ${what}`)
    }
  },
}

/**
 * The part of a history that shows why no order explains it: up to where it first fails, without what
 * changed nothing and is not needed for it to fail.
 */
function leastFault(history, model) {
  const fails = (part) => !isLinearizable(part, model)
  const backs = history.flatMap(({ back }) => back ?? []).sort((a, b) => a - b)
  // Until a time: what came back later is not known to have come back.
  const until = (time) =>
    history
      .filter(({ call }) => call <= time)
      .map((one) => (one.back <= time ? one : { ...one, back: undefined, answer: undefined }))
  let [fine, failing] = [-1, backs.length - 1]
  while (failing - fine > 1) {
    const middle = (fine + failing) >> 1
    if (fails(until(backs[middle]))) failing = middle
    else fine = middle
  }
  let least = until(backs[failing])
  for (const operation of least) {
    const less = least.filter((other) => other !== operation)
    if (!model.changes(operation) && fails(less)) least = less
  }
  return least
}

/**
 * What is wrong with a history of additions to lists; nothing when one order explains all of it.
 *
 * `final` has what each list holds at the end, which fixes the order. An operation asks
 * `['add', [[list, item], …]]` (all of it or nothing; `answer` is 'added' or 'refused') or
 * `['look', [list, …]]`, all at one moment, and its answer has the items of each.
 */
function listFaults(history, final) {
  const faults = []
  const place = new Map()
  for (const [list, items] of Object.entries(final)) {
    items.forEach((item, at) => {
      if (place.has(`${list} ${item}`)) faults.push(`${item} is twice in ${list}`)
      place.set(`${list} ${item}`, at)
    })
  }
  const placeOf = ([list, item]) => place.get(`${list} ${item}`)
  const adds = history.filter(({ ask }) => ask[0] === 'add')
  const known = new Set(adds.flatMap(({ ask }) => ask[1].map(([list, item]) => `${list} ${item}`)))
  for (const item of place.keys()) if (!known.has(item)) faults.push(`${item} was added by nobody`)
  // Whole or not at all, and as acknowledged.
  for (const { ask, answer, who } of adds) {
    const there = ask[1].filter((pair) => placeOf(pair) !== undefined).length
    if (there !== 0 && there !== ask[1].length)
      faults.push(`half of an addition of ${who} is there: ${JSON.stringify(ask[1])}`)
    if (answer === 'added' && there === 0) faults.push(`lost: ${JSON.stringify(ask[1])} of ${who}`)
    if (answer === 'refused' && there > 0) faults.push(`refused and there: ${JSON.stringify(ask[1])} of ${who}`)
  }
  // The items of one list in their order are those of the additions in their order: for every two lists
  // and every two additions to both the order is the same.
  const effective = adds.filter(({ ask }) => ask[1].every((pair) => placeOf(pair) !== undefined))
  const lists = Object.keys(final)
  for (const one of lists) {
    for (const other of lists) {
      if (one >= other) continue
      const both = effective.flatMap(({ ask }) => {
        const at = Object.fromEntries(ask[1].map((pair) => [pair[0], placeOf(pair)]))
        return one in at && other in at ? [[at[one], at[other]]] : []
      })
      both.sort(([a], [b]) => a - b)
      both.forEach(([, at], number) => {
        if (number > 0 && at < both[number - 1][1]) faults.push(`${one} and ${other} disagree on an order`)
      })
    }
  }
  // What came back before something else was called stands before it.
  const inList = new Map(lists.map((list) => [list, []]))
  for (const { ask, call, back } of effective) {
    for (const pair of ask[1]) inList.get(pair[0]).push({ at: placeOf(pair), item: pair[1], call, back })
  }
  for (const [list, all] of inList) {
    all.sort((a, b) => a.at - b.at)
    let earliest = Infinity
    for (let number = all.length - 1; number >= 0; number--) {
      if (earliest < all[number].call)
        faults.push(`${list}: ${all[number].item} stands before one that was there already`)
      earliest = Math.min(earliest, all[number].back ?? Infinity)
    }
  }
  // A look sees a beginning of every list, the same moment of all, and it is neither old nor of the future.
  for (const { ask, answer, call, back, who } of history.filter(
    ({ ask, answer }) => ask[0] === 'look' && answer !== undefined,
  )) {
    for (const [number, list] of ask[1].entries()) {
      const [seen, whole] = [answer[number], final[list] ?? []]
      if (seen.some((item, at) => item !== whole[at])) faults.push(`${who} saw in ${list} what is no beginning of it`)
      for (const { at, item, call: added, back: acknowledged } of inList.get(list) ?? []) {
        if (acknowledged !== undefined && acknowledged < call && at >= seen.length)
          faults.push(`${who} did not see ${item} in ${list}`)
        if (added > back && at < seen.length) faults.push(`${who} saw ${item} in ${list} before it was added`)
      }
    }
    for (const { ask: add } of effective) {
      const pairs = add[1].filter(([list]) => ask[1].includes(list))
      const sawIt = pairs.map((pair) => placeOf(pair) < answer[ask[1].indexOf(pair[0])].length)
      if (sawIt.includes(true) && sawIt.includes(false)) faults.push(`${who} saw half of ${JSON.stringify(add[1])}`)
    }
  }
  return faults
}

module.exports = { isLinearizable, leastFault, listFaults, RECORD }
