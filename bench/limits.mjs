// What nothing can be faster than: a bare fdatasync of the same bytes, a bare JSON.parse of the same
// text, a bare native call. `node limits.mjs DIR`

import { closeSync, fdatasync, fdatasyncSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { promisify } from 'node:util'
import { character, message } from './world.mjs'

const dir = process.argv[2]
const require = createRequire(import.meta.url)
const { connect } = require('../lib/connection.js')
const { readOptions } = require('../lib/options.js')

function each(calls, call) {
  for (let at = 0; at < calls / 10; at++) call()
  const start = performance.now()
  for (let at = 0; at < calls; at++) call()
  return ((performance.now() - start) * 1000) / calls
}

const file = openSync(path.join(dir, 'limit'), 'w')
const line = Buffer.from(`00000000 ${JSON.stringify(message(0))}\n`)
const sync = () => {
  writeSync(file, line)
  fdatasyncSync(file)
}
const waitForSync = promisify(fdatasync)
/** Over bytes that are there already, and awaited: the event loop goes on meanwhile. */
async function overwritten(calls) {
  const room = openSync(path.join(dir, 'room'), 'w')
  writeSync(room, Buffer.alloc((calls + 200) * line.length))
  fsyncSync(room)
  let at = 0
  const write = async () => {
    writeSync(room, line, 0, line.length, at)
    at += line.length
    await waitForSync(room)
  }
  for (let number = 0; number < 200; number++) await write()
  const start = performance.now()
  for (let number = 0; number < calls; number++) await write()
  const took = performance.now() - start
  closeSync(room)
  return (took * 1000) / calls
}
const one = JSON.stringify(character(0))
const many = (length, make) => JSON.stringify(Array.from({ length }, (_, number) => make(number)))
const [characters, hundred, messages] = [many(500, character), many(100, message), many(10_000, message)]
const { passphrase: _, ...options } = readOptions({ dataDir: dir })
const handle = connect(options)

const found = {
  sync: each(2000, sync),
  awaitedSync: await overwritten(2000),
  nativeCall: each(200_000, () => handle.unsubscribe()),
  parseCharacter: each(50_000, () => JSON.parse(one)),
  parseCharacters: each(100, () => JSON.parse(characters)),
  parse100: each(1000, () => JSON.parse(hundred)),
  parse10k: each(20, () => JSON.parse(messages)),
}
closeSync(file)
process.stdout.write(`\n${JSON.stringify(found)}\n`)
