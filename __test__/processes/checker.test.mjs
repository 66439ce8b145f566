// The checker of histories must refuse what no store may give, and accept what one may.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import checker from './history/checker.cjs'

const { isLinearizable, leastFault, listFaults, RECORD } = checker

/** `['w 1', 0, 5]`: an operation, its call and its return; `? ` before it for one that never came back. */
const record = (...operations) =>
  operations.map(([call, back, what, value, answer]) => ({ call, back, ask: [what, value], answer, who: 'p' }))
const fits = (...operations) => isLinearizable(record(...operations), RECORD)

test('what happened one after the other', () => {
  assert.ok(
    fits([0, 1, 'create', 'v1', 'v1'], [2, 3, 'read', , 'v1'], [4, 5, 'delete', , 'gone'], [6, 7, 'read', , 'none']),
  )
  assert.ok(fits([0, 1, 'read', , 'none'], [2, 3, 'update', 'v1', 'none'], [4, 5, 'delete', , 'none']))
})

test('at once, either may come first', () => {
  assert.ok(
    fits([0, 1, 'create', 'v1', 'v1'], [2, 9, 'update', 'v2', 'v2'], [3, 8, 'read', , 'v1'], [3, 8, 'read', , 'v2']),
  )
  assert.ok(fits([0, 9, 'create', 'v1', 'v1'], [0, 9, 'create', 'v2', 'UNIQUE']))
  assert.ok(fits([0, 9, 'create', 'v2', 'UNIQUE'], [0, 9, 'create', 'v1', 'v1']))
})

test('what never came back may have happened late, or never', () => {
  assert.ok(
    fits([0, 1, 'create', 'v1', 'v1'], [2, undefined, 'update', 'v2'], [3, 4, 'read', , 'v1'], [5, 6, 'read', , 'v2']),
  )
  assert.ok(
    fits([0, 1, 'create', 'v1', 'v1'], [2, undefined, 'update', 'v2'], [3, 4, 'read', , 'v1'], [5, 6, 'read', , 'v1']),
  )
})

const REFUSED = {
  'a stale read': [
    [0, 1, 'create', 'v1', 'v1'],
    [2, 3, 'update', 'v2', 'v2'],
    [4, 5, 'read', , 'v1'],
  ],
  'a lost update': [
    [0, 1, 'create', 'v1', 'v1'],
    [2, 9, 'update', 'v2', 'v2'],
    [2, 9, 'update', 'v3', 'v3'],
    [10, 11, 'read', , 'v1'],
  ],
  'a value from nowhere': [
    [0, 1, 'create', 'v1', 'v1'],
    [2, 3, 'read', , 'v7'],
  ],
  'back from the dead': [
    [0, 1, 'create', 'v1', 'v1'],
    [2, 3, 'delete', , 'gone'],
    [4, 5, 'read', , 'v1'],
  ],
  'two owners of one key': [
    [0, 9, 'create', 'v1', 'v1'],
    [0, 9, 'create', 'v2', 'v2'],
  ],
  'deleted twice': [
    [0, 1, 'create', 'v1', 'v1'],
    [2, 9, 'delete', , 'gone'],
    [2, 9, 'delete', , 'gone'],
  ],
  'back and forth': [
    [0, 1, 'create', 'v1', 'v1'],
    [2, 20, 'update', 'v2', 'v2'],
    [3, 4, 'read', , 'v2'],
    [5, 6, 'read', , 'v1'],
  ],
  'seen, then never happened': [
    [0, 1, 'create', 'v1', 'v1'],
    [2, undefined, 'update', 'v2'],
    [3, 4, 'read', , 'v2'],
    [5, 6, 'read', , 'v1'],
  ],
}

for (const [name, operations] of Object.entries(REFUSED)) {
  test(`${name} is refused, and the fault is told with nothing beside it`, () => {
    assert.equal(fits(...operations), false)
    const noise = [
      [30, 31, 'delete', , operations.at(-1)[4] === 'none' ? 'none' : 'gone'],
      [32, 33, 'create', 'v8', 'v8'],
      [34, 35, 'read', , 'v8'],
    ]
    const least = leastFault(record(...operations, ...noise), RECORD)
    assert.ok(least.length <= operations.length, JSON.stringify(least))
    assert.equal(isLinearizable(least, RECORD), false)
  })
}

test('a long history of many at once is checked in time', () => {
  const operations = [[0, 1, 'create', 'v0', 'v0']]
  // Sixteen at a time, each round overlapping the next by half.
  for (let round = 1; round <= 20; round++) {
    for (let at = 0; at < 16; at++) {
      const value = at < 4 ? `v${round}.${at}` : undefined
      const [call, back] = [round * 10 + at / 100, round * 10 + 9 + at / 100]
      operations.push(at < 4 ? [call, back, 'update', value, value] : [call, back, 'read', , `v${round}.${at % 4}`])
    }
  }
  assert.ok(fits(...operations))
})

const add = (call, back, items, answer = 'added') => ({
  call,
  back,
  ask: ['add', Object.entries(items)],
  answer: back === undefined ? undefined : answer,
  who: 'p',
})
const look = (call, back, seen) => ({
  call,
  back,
  ask: ['look', Object.keys(seen)],
  answer: Object.values(seen),
  who: 'p',
})

test('lists that one order explains', () => {
  const history = [
    add(0, 1, { a: 1, b: 2 }),
    add(2, 9, { a: 3 }),
    add(2, 9, { a: 4, b: 5 }),
    look(3, 8, { a: [1, 4], b: [2, 5] }),
    add(2, undefined, { b: 6 }),
    add(3, 4, { a: 7 }, 'refused'),
  ]
  assert.deepEqual(listFaults(history, { a: [1, 4, 3], b: [2, 5, 6] }), [])
  assert.deepEqual(listFaults(history, { a: [1, 4, 3], b: [2, 5] }), [])
})

const FAULTS = {
  'half of': [[add(0, undefined, { a: 1, b: 2 })], { a: [1], b: [] }],
  lost: [[add(0, 1, { a: 1 })], { a: [] }],
  'refused and there': [[add(0, 1, { a: 1 }, 'refused')], { a: [1] }],
  'by nobody': [[], { a: [1] }],
  twice: [[add(0, 1, { a: 1 })], { a: [1, 1] }],
  'disagree on an order': [[add(0, 9, { a: 1, b: 1 }), add(0, 9, { a: 2, b: 2 })], { a: [1, 2], b: [2, 1] }],
  'stands before': [[add(0, 1, { a: 1 }), add(2, 3, { a: 2 })], { a: [2, 1] }],
  'no beginning': [[add(0, 1, { a: 1 }), add(0, 9, { a: 2 }), look(2, 3, { a: [2] })], { a: [1, 2] }],
  'did not see': [[add(0, 1, { a: 1 }), look(2, 3, { a: [] })], { a: [1] }],
  'before it was added': [[look(0, 1, { a: [1] }), add(2, 3, { a: 1 })], { a: [1] }],
  'saw half': [[add(0, 9, { a: 1, b: 2 }), look(1, 2, { a: [1], b: [] })], { a: [1], b: [2] }],
}

for (const [fault, [history, final]] of Object.entries(FAULTS)) {
  test(`lists: «${fault}» is told`, () => {
    const faults = listFaults(history, final)
    assert.ok(
      faults.some((told) => told.includes(fault)),
      faults.join('\n'),
    )
  })
}
