// What no client here can be faster than: objects made of an answer's text, a sync of a change's bytes.

import { closeSync, fdatasync, fsyncSync, openSync, writeSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'

const waitForSync = promisify(fdatasync)
/** About what a small change takes in a journal. */
const CHANGE = 600

async function timed(calls, call) {
  const times = []
  for (let n = 0; n < calls; n++) {
    const began = performance.now()
    await call(n)
    times.push((performance.now() - began) * 1000)
  }
  return times
}

/** Times of making an answer's objects, with its Dates, of JSON text in which times are numbers. */
export function objects(answer, calls) {
  const times = Object.keys(answer[0]).filter((key) => answer[0][key] instanceof Date)
  const text = JSON.stringify(
    answer.map((row) => ({ ...row, ...Object.fromEntries(times.map((key) => [key, row[key].getTime()])) })),
  )
  return timed(calls, () => {
    const rows = JSON.parse(text)
    for (const row of rows) for (const key of times) row[key] = new Date(row[key])
    return rows
  })
}

/** Times of a sync that is awaited, of bytes for which there is room already. */
export async function syncs(dir, calls) {
  const room = openSync(path.join(dir, 'room'), 'w')
  writeSync(room, Buffer.alloc(calls * CHANGE))
  fsyncSync(room)
  const bytes = Buffer.alloc(CHANGE, 'x')
  const times = await timed(calls, (n) => {
    writeSync(room, bytes, 0, CHANGE, n * CHANGE)
    return waitForSync(room)
  })
  closeSync(room)
  return times
}
