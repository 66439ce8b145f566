// A process with secrets in the folder of argv[2]: does what it is told, and tells what came.
'use strict'

const fs = require('node:fs')
const v8 = require('node:v8')
const { createStore } = require('../..')

const COSTS = { memoryKib: 19 * 1024, passes: 2 }
const passphrase = process.argv[3] || (() => plant(PASSPHRASE))
const store = createStore({ dataDir: process.argv[2], durability: 'batched', passphrase, kdf: COSTS })

/** Bytes that are looked for, kept turned over, or they would be found here. */
const turned = (seed) => Uint8Array.from({ length: 16 }, (_, at) => ~(65 + ((at * seed) % 26)))
const PASSPHRASE = turned(3)
const CLEAR = turned(7)
/** Many times over, so that any piece that was left is enough. */
const plant = (needle) => Uint8Array.from({ length: 16 * 40 }, (_, at) => ~needle[at % 16])

/** How often one of them stands in memory that can be written to, and where. */
function search(needles) {
  const memory = fs.openSync('/proc/self/mem', 'r')
  const page = Buffer.alloc(1 << 20)
  const places = []
  const isAt = (needle, at) => needle.every((byte, more) => page[at + more] === (~byte & 255))
  for (const line of fs.readFileSync('/proc/self/maps', 'latin1').split('\n')) {
    const range = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line)
    if (!range) continue
    const [from, to] = [parseInt(range[1], 16), parseInt(range[2], 16)]
    for (let start = from; start < to; start += page.length - 16) {
      let read = 0
      try {
        read = fs.readSync(memory, page, 0, Math.min(page.length, to - start), start)
      } catch {
        continue
      }
      for (const [name, needle] of Object.entries(needles)) {
        const first = ~needle[0] & 255
        for (let at = page.indexOf(first); at >= 0 && at + 16 <= read; at = page.indexOf(first, at + 1)) {
          if (isAt(needle, at)) places.push(`${name} at ${(start + at).toString(16)}: ${line}`)
        }
      }
    }
    page.fill(0)
  }
  fs.closeSync(memory)
  return places
}

async function user() {
  return (await store.users.getCurrentUser()) ?? store.users.create({ id: 'will', email: 'will@globe.example' })
}

const unlock = async () => {
  await store.secrets.unlock()
  return store.secrets.status()
}

const tasks = {
  close: () => store.close(),
  status: () => store.secrets.status(),
  unlocked: unlock,
  changePassphrase: ({ next }) => store.secrets.changePassphrase(next),
  rotate: () => store.secrets.rotateKey(),
  startRotation: async () => void store.secrets.rotateKey().catch(() => {}),
  async untilKeyIsNot({ keyId }) {
    while ((await store.secrets.status()).keyId === keyId) await new Promise((resolve) => setImmediate(resolve))
  },
  async keep({ count }) {
    await user()
    const data = Array.from({ length: count }, (_, at) => ({
      id: `k${at}`,
      userId: 'will',
      provider: 'OPENAI',
      label: `${at}`,
      key: `sk-${at}`,
    }))
    await Promise.all(data.map((one) => store.connections.createApiKey(one)))
  },
  /** The numbers of the keys that do not open as they were kept. */
  async wrong({ count }) {
    const keys = Array.from({ length: count }, (_, at) => at)
    const opened = await Promise.all(keys.map((at) => store.connections.revealApiKey(`k${at}`)))
    return keys.filter((at) => opened[at] !== `sk-${at}`)
  },
  async bytesInMemory() {
    const passphrase = plant(PASSPHRASE)
    await store.secrets.unlock(passphrase)
    passphrase.fill(0)
    const clear = plant(CLEAR)
    const sealed = await store.encryptBuffer(clear, 'avatar')
    const before = search({ clear: CLEAR }).length
    clear.fill(0)
    const opened = await store.decryptBuffer(sealed, 'avatar')
    opened.fill(0)
    await store.secrets.rotateKey()
    await store.secrets.lock()
    return { before, after: search({ passphrase: PASSPHRASE, clear: CLEAR }) }
  },
  async textsInHeap() {
    const planted = (what) => ['pl', '4nted', what].join('')
    await unlock()
    await user()
    await (async () => {
      const { id } = await store.connections.createApiKey({
        userId: 'will',
        provider: 'OPENAI',
        label: 'l',
        key: planted('key'),
      })
      await store.connections.revealApiKey(id)
      await store.users.setTotpSecret('will', planted('totp'))
      await store.users.getTotpSecret('will')
      await store.users.setBackupCodes('will', [planted('code')])
      await store.users.consumeBackupCode('will', planted('code'))
      await store.decryptJson(await store.encryptJson({ secret: planted('json') }))
      await store.connections.revealApiKey('none')
      await store.secrets.unlock(planted('wrong')).catch(() => {})
    })()
    const held = await inHeap(planted(''))
    globalThis.control = { text: planted('control') }
    return { held, control: await inHeap(planted('')) }
  },
}

/** Is there a text in the heap that begins with this? */
async function inHeap(text) {
  for (let time = 0; time < 3; time++) {
    globalThis.gc()
    await new Promise((resolve) => setImmediate(resolve))
  }
  const parts = []
  for await (const part of v8.getHeapSnapshot()) parts.push(part)
  const { strings } = JSON.parse(Buffer.concat(parts.map((part) => Buffer.from(part))).toString())
  return strings.some((one) => one.includes(text) && one !== text)
}

process.on('message', async ({ id, task, ...rest }) => {
  try {
    process.send({ id, value: await tasks[task](rest) })
  } catch (error) {
    process.send({ id, error: { code: error.code, message: error.message } })
  }
})
