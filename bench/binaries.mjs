// How fast `images.put({ path })` is, beside copying the file and hashing it with openssl.
// Run: npm run build && node bench/binaries.mjs [MiB] [folder]

import { execFileSync } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { createStore } from '../index.mjs'

const size = Number(process.argv[2] ?? 100)
const folder = fs.mkdtempSync(path.join(process.argv[3] ?? os.tmpdir(), 'quilltap-bench-'))
const source = path.join(folder, 'source')
const ROUNDS = 7

/** New bytes each round, or the second put would write none. */
function renew() {
  const file = fs.openSync(source, 'w')
  for (let at = 0; at < size; at++) fs.writeSync(file, randomFillSync(Buffer.alloc(1 << 20)))
  fs.fsyncSync(file)
  fs.closeSync(file)
}

async function timed(work) {
  const start = performance.now()
  await work()
  return performance.now() - start
}

function copyAndHash(durable) {
  const copy = path.join(folder, 'copy')
  execFileSync('cp', [source, copy])
  execFileSync('openssl', ['dgst', '-sha256', copy])
  if (durable) execFileSync('sync', [copy])
}

const store = createStore({ dataDir: path.join(folder, 'data') })
const { id: userId } = await store.users.create({ email: 'bench@example.org' })
const times = { put: [], plain: [], durable: [] }
for (let round = 0; round < ROUNDS; round++) {
  renew()
  let row
  times.put.push(await timed(async () => (row = await store.images.put({ path: source }, { userId }))))
  times.plain.push(await timed(() => copyAndHash(false)))
  fs.rmSync(path.join(folder, 'copy'))
  times.durable.push(await timed(() => copyAndHash(true)))
  fs.rmSync(path.join(folder, 'copy'))
  await store.images.delete(row.id)
  await store.flush()
}
await store.close()
fs.rmSync(folder, { recursive: true })

const median = (list) => list.sort((one, other) => one - other)[Math.floor(list.length / 2)]
const rate = (list) => `${Math.round((size * 1000) / median(list))} MiB/s`
console.log(`images.put({ path }), durable:        ${rate(times.put)}`)
console.log(`cp, openssl dgst -sha256:         ${rate(times.plain)}`)
console.log(`cp, openssl dgst -sha256, sync:   ${rate(times.durable)}`)
console.log(
  `put is ${(median(times.plain) / median(times.put)).toFixed(2)} × the second, ` +
    `${(median(times.durable) / median(times.put)).toFixed(2)} × the third`,
)
