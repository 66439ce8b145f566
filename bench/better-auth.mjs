// Better Auth over the store, beside its own Kysely adapter on better-sqlite3: what its adapters are asked when
// somebody signs up, and with every request.
//
//   node bench/better-auth.mjs [rounds]

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createAdapterFactory } from 'better-auth/adapters'
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import Database from 'better-sqlite3'
import { createStore } from '../index.js'
import { adapterWith } from '../lib/better-auth/index.js'

const ROUNDS = Number(process.argv[2] ?? 5)
const USERS = 1000
const TIMES = 2000

const folder = mkdtempSync(path.join(tmpdir(), 'quilltap-bench-'))
const options = (database) => ({
  database,
  secret: 'of the benchmark, and longer than thirty-two characters',
  baseURL: 'http://localhost:3000',
  telemetry: { enabled: false },
  emailAndPassword: { enabled: true },
})

const peers = {
  async 'quilltap-store, batched'(dir) {
    const store = createStore({ dataDir: dir, durability: 'batched' })
    const auth = betterAuth(options(adapterWith(createAdapterFactory)(store)))
    return { context: await auth.$context, close: () => store.close() }
  },
  async 'Kysely on better-sqlite3, WAL, NORMAL'(dir) {
    const db = new Database(`${dir}.sqlite`)
    db.pragma('journal_mode = WAL')
    db.pragma('synchronous = NORMAL')
    const { runMigrations } = await getMigrations(options(db))
    await runMigrations()
    return { context: await betterAuth(options(db)).$context, close: () => db.close() }
  },
}

/** The median of a call's time, in µs. */
async function median(times, call) {
  const all = []
  for (let n = 0; n < times; n++) {
    const began = performance.now()
    await call(n)
    all.push((performance.now() - began) * 1000)
  }
  return all.sort((a, b) => a - b)[times >> 1]
}

async function trial(open, dir) {
  const { context, close } = await open(dir)
  const { internalAdapter } = context
  const tokens = []
  const signUp = await median(USERS, async (n) => {
    const user = await internalAdapter.createUser({ email: `u${n}@example.test`, name: `U ${n}`, emailVerified: false })
    tokens.push((await internalAdapter.createSession(user.id)).token)
  })
  const at = (n) => tokens[(n * 7919) % tokens.length]
  const bySession = await median(TIMES, (n) => internalAdapter.findSession(at(n)))
  const byEmail = await median(TIMES, (n) => internalAdapter.findUserByEmail(`u${(n * 7919) % USERS}@example.test`))
  const refresh = await median(TIMES / 4, (n) =>
    internalAdapter.updateSession(at(n), { expiresAt: new Date(Date.now() + 1e9) }),
  )
  await close()
  return {
    'a session and its user, by the token': bySession,
    'a user by their address': byEmail,
    'a session refreshed': refresh,
    'a user and a session made': signUp,
  }
}

const found = {}
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, open] of Object.entries(peers)) {
    const figures = await trial(open, path.join(folder, `${round}-${name.split(' ')[0]}`))
    for (const [work, us] of Object.entries(figures)) ((found[work] ??= {})[name] ??= []).push(us)
  }
}
rmSync(folder, { recursive: true, force: true })

const middle = (all) => all.sort((a, b) => a - b)[all.length >> 1]
const names = Object.keys(peers)
console.log(`| µs, medians of ${ROUNDS} | ${names.join(' | ')} | |\n| --- | --- | --- | --- |`)
for (const [work, by] of Object.entries(found)) {
  const [ours, theirs] = names.map((name) => middle(by[name]))
  console.log(`| ${work} | ${ours.toFixed(1)} | ${theirs.toFixed(1)} | ${(ours / theirs).toFixed(2)} × |`)
}
