'use strict'

// What can be read from the memory of a process once its secrets are locked.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { createStore } = require('../../index.js')
const { failure, folder, program, run } = require('../package/support.cjs')

/** Says where its own memory holds a text that it knows by halves alone, and so has nowhere itself. */
const SEARCH = `
  const halves = process.env.HALVES.split('|').map((half) => Buffer.from([...half].reverse().join('')))
  function search() {
    const found = []
    const memory = require('fs').openSync('/proc/self/mem')
    for (const line of require('fs').readFileSync('/proc/self/maps', 'utf8').split('\\n')) {
      const [, from, to, mode] = /^(\\w+)-(\\w+) (\\S+)/.exec(line) ?? []
      if (!mode?.startsWith('rw')) continue
      const piece = Buffer.allocUnsafeSlow(Number(BigInt('0x' + to) - BigInt('0x' + from)))
      try {
        require('fs').readSync(memory, piece, 0, piece.length, BigInt('0x' + from))
      } catch { continue }
      for (let at = piece.indexOf(halves[0]); at !== -1; at = piece.indexOf(halves[0], at + 1)) {
        const end = at + halves[0].length
        if (piece.subarray(end, end + halves[1].length).equals(halves[1])) found.push(line)
      }
      piece.fill(0)
    }
    return found
  }`

test(
  'a passphrase from a file is nowhere in memory once it is locked',
  { skip: process.platform !== 'linux' },
  async () => {
    const halves = ['correct-horse-', 'battery-staple-63']
    const file = path.join(folder(), 'passphrase')
    fs.writeFileSync(file, `${halves.join('')}\n`, { mode: 0o600 })
    const body = `${SEARCH}
    const held = []
    ;(async () => {
      await store.secrets.unlock()
      held.push(await store.encryptJson(1))
      await store.secrets.lock()
      const before = search().length
      // The search itself must be able to find it.
      const planted = Buffer.concat(halves)
      console.log(JSON.stringify({ found: before, planted: search().length > 0 }), planted.length)
    })()`
    const env = {
      ...process.env,
      QUILLTAP_PASSPHRASE_FILE: file,
      HALVES: halves.map((half) => [...half].reverse().join('')).join('|'),
    }
    const { stdout, stderr } = await run(program(folder(), body), { env })
    assert.equal(stdout.split(' ')[0], '{"found":0,"planted":true}', stderr)
  },
)

test('a passphrase file is read to a bound, and may be a pipe', async (t) => {
  const endless = createStore({ dataDir: folder() })
  t.after(() => endless.close())
  process.env.QUILLTAP_PASSPHRASE_FILE = '/dev/zero'
  t.after(() => delete process.env.QUILLTAP_PASSPHRASE_FILE)
  const error = await failure(endless.encryptJson(1))
  assert.match(error.message, /1 to 65,536 bytes/)
})
