// Processes and worker threads on one folder, killed and stopped at random; what they were told is checked.
//
//   node __test__/processes/history/search.mjs [--minutes 10] [--seed N]
//
// looks for as long as wanted; the tests make a few rounds.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import quilltap from '../../../index.js'
import { KEYS, LISTS, TOKENS, dice, difference, faultsOf, listsOf, noted, world } from './faults.mjs'

const { createStore } = quilltap

const PROCESSES = 8

/**
 * One round: eight processes with two clients each make so many calls each; some of them are killed and
 * followed by others, some stopped for a while. Gives the faults found, and what was done.
 */
export async function round({ seed, durability = 'strict', calls = 60, kills = 10, stops = 6 }) {
  const roll = dice(seed)
  const folder = await mkdtemp(join(tmpdir(), 'quilltap-history-'))
  const [dataDir, notes] = [join(folder, 'data'), join(folder, 'notes')]
  const listener = createStore({ dataDir, durability })
  const told = []
  listener.on('change', (change) => told.push(change))
  await world(listener)
  let started = 0
  const running = new Set()
  const start = () => {
    const who = `p${++started}`
    const plan = {
      options: { dataDir, durability },
      file: `${notes}.${who}`,
      seed: seed * 1000 + started * 2,
      keys: KEYS,
      lists: LISTS,
      tokens: TOKENS,
      calls,
      who,
    }
    const child = fork(join(import.meta.dirname, 'client.cjs'), [JSON.stringify(plan)])
    running.add(child)
    child.ended = once(child, 'exit').then(([code, signal]) => {
      running.delete(child)
      if (code !== 0 && signal !== 'SIGKILL') throw new Error(`${who} ended with ${code ?? signal}`)
    })
    return child.ended
  }
  const ended = Array.from({ length: PROCESSES }, start)
  const any = () => [...running][roll(running.size)]
  for (let number = 0; number < kills + stops && running.size > 0; number++) {
    await sleep(20 + roll(60))
    const child = any()
    if (child === undefined) break
    if (number % (kills + stops) < kills) {
      child.kill('SIGKILL')
      ended.push(start())
    } else {
      child.kill('SIGSTOP')
      await sleep(10 + roll(60))
      // One that holds a lock while it stands still, and then goes on or dies.
      child.kill(roll(3) === 0 ? 'SIGKILL' : 'SIGCONT')
    }
  }
  await Promise.all(ended)
  // What a killed process had written and told nobody is taken up by whoever writes next.
  await listener.users.update('user', { name: 'the end' })
  const all = await noted(notes)
  const final = await listsOf(listener)
  const faults = await faultsOf(all, listener, final)
  // The listener was there all the time: it hears of every message once, in the order of the lists. What
  // the reads above have brought is told in a later turn.
  const isTold = () =>
    told.filter(({ model, type }) => model === 'Message' && type === 'create').length >=
    Object.values(final).flat().length
  for (let turn = 0; turn < 200 && !isTold(); turn++) await sleep(10)
  for (const list of LISTS) {
    const heard = told
      .filter(({ model, type, chatId }) => model === 'Message' && type === 'create' && chatId === list)
      .map(({ id }) => id)
    if (heard.join() !== final[list].join())
      faults.push(`the listener heard otherwise of ${list}: ${difference(heard, final[list])}`)
  }
  await listener.close()
  // What is read from the files alone is the same.
  const anew = createStore({ dataDir })
  for (const list of LISTS) {
    const again = (await anew.chats.getMessages(list)).map(({ id }) => id)
    if (again.join() !== final[list].join())
      faults.push(`${list} is another after a new opening: ${difference(again, final[list])}`)
  }
  await anew.close()
  if (faults.length === 0) await rm(folder, { recursive: true })
  else faults.push(`the folder and the notes: ${folder}`)
  const writes = all.filter(({ ask, back }) => back !== undefined && ask[0] !== 'read' && ask[0] !== 'look')
  // How many writes of others began and ended while one waited.
  const overtaken = Math.max(
    0,
    ...writes.map(
      ({ call, back, who }) =>
        writes.filter((other) => other.who !== who && other.call > call && other.back < back).length,
    ),
  )
  const unanswered = all.filter(({ back }) => back === undefined).length
  return {
    faults,
    overtaken,
    writes: writes.length,
    calls: all.length,
    unanswered,
    processes: started,
    messages: Object.values(final).flat().length,
  }
}

/** What a round did, in a line. */
export function told(seed, durability, { calls, unanswered, processes, messages, overtaken }) {
  return `seed ${seed}, ${durability}: ${calls} calls of ${processes} processes, ${unanswered} cut off, ${messages} messages, overtaken by ${overtaken}`
}

if (process.argv[1] === import.meta.filename) {
  const options = {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  }
  const { minutes, seed } = parseArgs({ options }).values
  const until = Date.now() + Number(minutes) * 60_000
  for (let number = Number(seed); Date.now() < until; number++) {
    const durability = number % 2 ? 'strict' : 'batched'
    const found = await round({ seed: number, durability })
    console.log(told(number, durability, found))
    if (found.faults.length > 0) {
      console.error(found.faults.slice(0, 20).join('\n'))
      process.exit(1)
    }
  }
}
