// What processes and worker threads were told, while some of them are killed and stopped, can be explained
// by one order of everything. A longer search: node __test__/processes/history/search.mjs

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { round, told } from './history/search.mjs'

const first = Date.now() % 1_000_000

for (const [number, durability] of ['strict', 'batched', 'strict', 'batched'].entries()) {
  test(`killed and stopped at random (${durability}, ${number + 1})`, async (t) => {
    const seed = first + number
    const found = await round({ seed, durability })
    t.diagnostic(told(seed, durability, found))
    assert.deepEqual(found.faults, [])
    assert.ok(found.messages > 20 && found.calls > 200)
  })
}

test('nobody waits for ever among busy writers', async (t) => {
  const found = await round({ seed: first, calls: 60, kills: 0, stops: 0 })
  t.diagnostic(told(first, 'strict', found))
  assert.deepEqual(found.faults, [])
  // Who starves is overtaken by everything that the other fifteen clients write.
  assert.ok(found.overtaken < found.writes * 0.6, `a write was overtaken by ${found.overtaken} of ${found.writes}`)
})
