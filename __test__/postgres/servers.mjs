// Several app servers on one PostgreSQL server, over networks that cut and slow what is said; app servers and the PostgreSQL
// server are killed. What the apps were told is checked as that of processes on one folder is.
//
//   node __test__/postgres/servers.mjs [--minutes 10] [--seed N]
//
// looks for as long as wanted; the tests make a round of each kind.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import quilltap from '../../index.js'
import { KEYS, LISTS, TOKENS, dice, faultsOf, listsOf, noted, world } from '../processes/history/faults.mjs'
import network from './network.cjs'
import postgres from './server.cjs'

const { createStore } = quilltap
const { Way, namespaces } = network
const { startServer, startStandby } = postgres
const CLIENT = join(import.meta.dirname, '../processes/history/client.cjs')
const APPS = 3
/** As its makers ship it: what is acknowledged is on the disk. */
const DURABLE = {}

/** App servers, each a process with two clients that ends by itself or is killed and followed by another. */
class Apps {
  #running = new Map()
  #started = 0
  #ended = []

  constructor(plan, places) {
    Object.assign(this, { plan, places })
    places.forEach((place) => this.#start(place))
  }

  #start(place) {
    const who = `p${++this.#started}`
    const plan = {
      ...this.plan,
      options: { database: { url: place.address, connections: 3 }, lockTimeout: 20_000 },
      file: `${this.plan.notes}.${who}`,
      seed: this.plan.seed * 1000 + this.#started * 2,
      who,
    }
    const [command, ...args] = [...(place.run ?? []), process.execPath, CLIENT, JSON.stringify(plan)]
    const child = spawn(command, args, { stdio: 'inherit' })
    this.#running.set(place, child)
    const ended = once(child, 'exit').then(([code, signal]) => {
      if (this.#running.get(place) === child) this.#running.delete(place)
      if (code !== 0 && signal !== 'SIGKILL') throw new Error(`${who} ended with ${code ?? signal}`)
    })
    this.#ended.push(ended)
  }

  /** Kills one of them at any moment; another takes its place. */
  kill(number) {
    const place = this.places[number]
    // `ip netns exec` becomes the program that it runs.
    if (!this.#running.get(place)?.kill('SIGKILL')) return
    this.#running.delete(place)
    this.#start(place)
  }

  get isRunning() {
    return this.#running.size > 0
  }

  get started() {
    return this.#started
  }

  async end() {
    // Whoever was killed meanwhile was followed by another.
    for (let number = 0; number < this.#ended.length; number++) await this.#ended[number]
  }
}

/** What apps are told while `disturb` does its worst; `addressOf` gives where the end is looked at. */
async function told({ seed, calls, addressOf, places, disturb }) {
  const folder = await mkdtemp(join(tmpdir(), 'quilltap-servers-'))
  const notes = join(folder, 'notes')
  const before = createStore({ database: addressOf() })
  await world(before)
  await before.close()
  const apps = new Apps({ notes, seed, keys: KEYS, lists: LISTS, tokens: TOKENS, calls }, places)
  await disturb(apps)
  await apps.end()
  const store = createStore({ database: addressOf() })
  const all = await noted(notes)
  const final = await listsOf(store)
  const faults = await faultsOf(all, store, final)
  await store.close()
  if (faults.length === 0) await rm(folder, { recursive: true })
  else faults.push(`the notes: ${folder}`)
  const count = (answer) => all.filter((one) => one.answer === answer).length
  return {
    faults,
    apps: apps.started,
    calls: all.length,
    messages: Object.values(final).flat().length,
    away: count('IO'),
    unknown: count('OUTCOME_UNKNOWN') + all.filter(({ back }) => back === undefined).length,
    locked: count('LOCKED'),
  }
}

const inSchema = (address, seed) => `${address}${address.includes('?') ? '&' : '?'}schema=s${seed}`

/** Ways that are cut, slowed and closed; apps and now and then the server that are killed. */
export async function badNetwork(server, { seed, calls = 60, kills = 1 }) {
  const roll = dice(seed)
  const target = { host: '127.0.0.1', port: server.port }
  const inside = namespaces(APPS)
  const ways = Array.from({ length: APPS }, () => new Way(target))
  const places = await Promise.all(
    ways.map(async (way, number) => {
      const host = inside[number]?.host ?? '127.0.0.1'
      const address = `postgresql://quilltap@${host}:${await way.listen(host)}/postgres`
      return { address: inSchema(address, seed), run: inside[number]?.run }
    }),
  )
  const disturb = async (apps) => {
    let left = kills
    // Each time when another part of the calls was made, however fast this machine is.
    const isTime = async () =>
      left > 0 && (await noted(apps.plan.notes)).length > (2 * APPS * calls * (kills - left + 1)) / (kills + 1)
    for (let turn = 0; apps.isRunning; turn++) {
      await sleep(50 + roll(250))
      const number = roll(APPS)
      const way = ways[number]
      const die = roll(20)
      if (die < 7) way.cut()
      else if (die < 11) way.slow(() => roll(20))
      else if (die < 16) way.slow(() => 0)
      else if (die < 18) {
        way.close()
        await sleep(roll(300))
        way.open()
      } else if (turn < 60) apps.kill(number)
      if (await isTime()) {
        left--
        server.kill()
        await server.startAgain()
      }
      // At the end they are let finish.
      if (turn === 60) ways.forEach((each) => each.slow(() => 0))
      if (turn > 60) await sleep(500)
    }
  }
  const addressOf = () => inSchema(server.address(), seed)
  const found = await told({ seed, calls, addressOf, places, disturb })
  ways.forEach((way) => way.end())
  return { ...found, inNamespaces: inside.length > 0 }
}

/** The server dies and its standby takes its place; apps have both in their address. */
export async function failover({ seed, calls = 60, isSynchronous }) {
  const primary = await startServer(DURABLE)
  // Far away: whoever does not wait for it is ahead of it.
  const way = new Way({ host: '127.0.0.1', port: primary.port })
  const standby = await startStandby(primary, await way.listen('127.0.0.1'))
  way.slow(() => (isSynchronous ? 10 : 300))
  if (isSynchronous) {
    await primary.stop()
    primary.settings = { synchronous_standby_names: 'standby' }
    await primary.start()
  }
  const hosts = `127.0.0.1:${primary.port},127.0.0.1:${standby.port}`
  const both = `postgresql://quilltap@${hosts}/postgres?target_session_attrs=read-write`
  const places = Array.from({ length: APPS }, () => ({ address: inSchema(both, seed) }))
  const disturb = async (apps) => {
    while (apps.isRunning && (await noted(apps.plan.notes)).length < calls * APPS) await sleep(20)
    primary.kill()
    await standby.promote()
    while (apps.isRunning) await sleep(50)
  }
  const found = await told({ seed, calls, addressOf: () => inSchema(both, seed), places, disturb })
  way.end()
  for (const server of [primary, standby]) server.remove()
  return found
}

/** What a round did, in a line. */
export function line(seed, kind, { calls, apps, messages, away, unknown, locked }) {
  return `seed ${seed}, ${kind}: ${calls} calls of ${apps} apps, ${messages} messages; ${away} found no server, ${unknown} cut off, ${locked} locked`
}

if (process.argv[1] === import.meta.filename) {
  const options = {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    calls: { type: 'string', default: '150' },
  }
  const { minutes, seed, calls } = parseArgs({ options }).values
  const until = Date.now() + Number(minutes) * 60_000
  const server = await startServer(DURABLE)
  for (let number = Number(seed); Date.now() < until; number++) {
    const all = { seed: number, calls: Number(calls) }
    const kinds = {
      network: () => badNetwork(server, { ...all, kills: 3 }),
      'synchronous standby': () => failover({ ...all, isSynchronous: true }),
      'asynchronous standby': () => failover({ ...all, isSynchronous: false }),
    }
    for (const [kind, round] of Object.entries(kinds)) {
      const found = await round()
      console.log(line(number, kind, found))
      // What such a standby had not heard of yet is lost, and told here.
      const isFault = found.faults.length > 0 && kind !== 'asynchronous standby'
      if (found.faults.length > 0) console.error(found.faults.slice(0, 20).join('\n'))
      if (isFault) process.exit(1)
    }
  }
  process.exit(0)
}
