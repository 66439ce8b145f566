// Several app servers on one PostgreSQL server. A longer search: node __test__/postgres/servers.mjs

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import postgres from './server.cjs'
import { badNetwork, failover, line } from './servers.mjs'

const seed = Date.now() % 1_000_000
const options = { skip: postgres.BIN === '' && 'there is no PostgreSQL server here' }

// A server's process would keep the runner waiting.
after(() => setImmediate(() => process.exit()))

test(
  'what apps were told over a bad network, while they and the server were killed, has an order',
  options,
  async (t) => {
    const found = await badNetwork(await postgres.startServer({}), { seed, calls: 40, kills: 1 })
    t.diagnostic(
      `${line(seed, 'network', found)}; ${found.inNamespaces ? 'in network namespaces' : 'in one namespace'}`,
    )
    assert.deepEqual(found.faults, [])
    assert.ok(found.messages > 5 && found.calls - found.away > 100)
  },
)

test('a standby that the server waits for takes its place, and nothing is lost', options, async (t) => {
  const found = await failover({ seed, calls: 60, isSynchronous: true })
  t.diagnostic(line(seed, 'synchronous standby', found))
  assert.deepEqual(found.faults, [])
  assert.ok(found.messages > 5 && found.calls - found.away > 100)
})
