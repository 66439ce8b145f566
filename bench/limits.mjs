// What nothing can be faster than: a bare fdatasync of the same bytes, a bare JSON.parse of the same
// text, a bare native call. `node limits.mjs DIR`

import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
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
const one = JSON.stringify(character(0))
const many = (length, make) => JSON.stringify(Array.from({ length }, (_, number) => make(number)))
const [characters, hundred, messages] = [many(500, character), many(100, message), many(10_000, message)]
const { passphrase: _, ...options } = readOptions({ dataDir: dir })
const handle = connect(options)

const found = {
  sync: each(2000, sync),
  nativeCall: each(200_000, () => handle.unsubscribe()),
  parseCharacter: each(50_000, () => JSON.parse(one)),
  parseCharacters: each(100, () => JSON.parse(characters)),
  parse100: each(1000, () => JSON.parse(hundred)),
  parse10k: each(20, () => JSON.parse(messages)),
}
closeSync(file)
process.stdout.write(`\n${JSON.stringify(found)}\n`)
