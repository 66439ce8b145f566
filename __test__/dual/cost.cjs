'use strict'

// What an app waits for a write and a read in the modes `prisma` and `dual`, in turns: Prisma's own client on a
// PostgreSQL server on this machine.
//
//   npm ci && node cost.cjs [--rounds 20] [--pause 5]

const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { parseArgs } = require('node:util')

const { createStore } = require('../..')
const { createDualClient, dualStatus } = require('../../prisma.js')
const { realClient, server } = require('./support.cjs')

const EACH = 50
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** What is asked, as an app asks it: a message is written, and the last ones are read. */
const WORK = {
  'a message is written': (client, n) =>
    client.message.create({ data: { chatId: 'c', role: 'USER', content: `message ${n}: ${'word '.repeat(40)}` } }),
  'a character is changed': (client, n) =>
    client.character.update({ where: { id: 'h' }, data: { title: `title ${n}` } }),
  'a character is read': (client) => client.character.findUnique({ where: { id: 'h' } }),
  'twenty messages are read': (client) =>
    client.message.findMany({ where: { chatId: 'c' }, orderBy: [{ createdAt: 'desc' }, { id: 'asc' }], take: 20 }),
}

async function world(client) {
  const words = { description: 'd', personality: 'p', scenario: 's', firstMessage: 'f' }
  await client.user.create({ data: { id: 'u', email: 'u@example.org' } })
  await client.character.create({ data: { id: 'h', userId: 'u', name: 'Hamlet', ...words } })
  const profile = { id: 'p', userId: 'u', name: 'p', provider: 'OPENAI', modelName: 'm' }
  await client.connectionProfile.create({ data: profile })
  await client.chat.create({
    data: { id: 'c', userId: 'u', characterId: 'h', connectionProfileId: 'p', title: 'Elsinore' },
  })
}

const at = (times, part) => times.sort((a, b) => a - b)[Math.floor(times.length * part)]

async function cost({ rounds, pause }) {
  const databases = await server()
  const dataDir = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'quilltap-dual-')), 'data')
  const store = createStore({ dataDir })
  const clients = {
    prisma: createDualClient({ primary: realClient(databases('alone')), mode: 'prisma' }),
    dual: createDualClient({ primary: realClient(databases('beside')), store, mode: 'dual' }),
  }
  for (const client of Object.values(clients)) await world(client)
  const times = {}
  for (let round = 0; round <= rounds; round++) {
    for (const [what, work] of Object.entries(WORK)) {
      for (const [mode, client] of Object.entries(clients)) {
        for (let n = 0; n < EACH; n++) {
          const began = performance.now()
          await work(client, round * EACH + n)
          // The first round warms up.
          if (round > 0) ((times[what] ??= { prisma: [], dual: [] })[mode] ??= []).push(performance.now() - began)
          if (pause > 0) await sleep(pause)
        }
      }
    }
  }
  await clients.dual.$settled()
  const { writes, reads } = await dualStatus({ dataDir })
  for (const client of Object.values(clients)) await client.$disconnect()
  await store.close()
  return { times, writes, reads }
}

async function main() {
  const { values } = parseArgs({ options: { rounds: { type: 'string' }, pause: { type: 'string' } } })
  const { times, writes, reads } = await cost({ rounds: Number(values.rounds ?? 20), pause: Number(values.pause ?? 5) })
  const rows = Object.entries(times).map(([what, modes]) => [
    what,
    Object.fromEntries(
      Object.entries(modes).flatMap(([mode, all]) => [
        [`${mode} p50`, at(all, 0.5).toFixed(2)],
        [`${mode} p99`, at(all, 0.99).toFixed(2)],
      ]),
    ),
  ])
  console.log(`milliseconds; load ${os.loadavg()[0].toFixed(1)}`)
  console.table(Object.fromEntries(rows))
  console.log(JSON.stringify({ writes, reads }))
}

if (require.main === module) main()
