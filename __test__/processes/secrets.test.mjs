// Real processes that share secrets: killed while they change keys, and searched for what they have
// forgotten.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdir, readFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, beforeEach, test } from 'node:test'
import { start as startProcess } from './child.mjs'

const folders = []
let dataDir

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'quilltap-'))
  folders.push(dataDir)
})

after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true, maxRetries: 20 }))))

/** A process with the store open; its methods are the tasks of secrets-worker.cjs. */
function start(passphrase = 'correct horse', flags = []) {
  const child = startProcess('secrets-worker.cjs', [dataDir, passphrase], { execArgv: flags })
  const waiting = new Map()
  let next = 0
  child.on('message', ({ id, value, error }) => {
    const { resolve, reject } = waiting.get(id)
    waiting.delete(id)
    if (error) reject(Object.assign(new Error(error.message), error))
    else resolve(value)
  })
  const ended = once(child, 'exit')
  const tasks = new Proxy(
    {},
    {
      get: (_, task) => (more) =>
        new Promise((resolve, reject) => {
          waiting.set(++next, { resolve, reject })
          child.send({ id: next, task, ...more })
        }),
    },
  )
  return {
    tasks,
    kill: async () => {
      child.kill('SIGKILL')
      await ended
    },
    end: async () => {
      await tasks.close()
      child.disconnect()
      await ended
    },
  }
}

test('a process killed in a rotation leaves every secret, and another goes on', async () => {
  const count = 2000
  const watcher = start()
  await watcher.tasks.keep({ count })
  let interrupted = 0
  for (let round = 0; round < 20 && interrupted < 3; round++) {
    const doomed = start()
    const { keyId } = await doomed.tasks.unlocked()
    const begun = watcher.tasks.untilKeyIsNot({ keyId })
    await doomed.tasks.startRotation()
    await begun
    await doomed.kill()
    if (!(await watcher.tasks.status()).rotating) continue
    interrupted++
    assert.deepEqual(await watcher.tasks.wrong({ count }), [])
    const late = start()
    assert.deepEqual(await late.tasks.wrong({ count }), [])
    await late.tasks.rotate()
    assert.equal((await watcher.tasks.status()).rotating, false)
    assert.deepEqual(await watcher.tasks.wrong({ count }), [])
    await late.end()
  }
  assert.ok(interrupted > 0, 'no kill hit a rotation')
  await watcher.end()
})

test('processes rotate and read at once', async () => {
  const [one, two, three] = [start(), start(), start()]
  await one.tasks.keep({ count: 300 })
  const rotations = Promise.all([one.tasks.rotate(), two.tasks.rotate()])
  for (let round = 0; round < 10; round++) {
    assert.deepEqual(await three.tasks.wrong({ count: 300 }), [])
  }
  await rotations
  assert.equal((await three.tasks.status()).rotating, false)
  await Promise.all([one.end(), two.end(), three.end()])
})

test('a passphrase that another process has changed is wrong, and the keys in memory go on', async () => {
  const [one, two] = [start(), start()]
  await one.tasks.keep({ count: 3 })
  assert.deepEqual(await two.tasks.wrong({ count: 3 }), [])
  await one.tasks.changePassphrase({ next: 'battery staple' })
  assert.deepEqual(await two.tasks.wrong({ count: 3 }), [])
  const late = start()
  await assert.rejects(late.tasks.wrong({ count: 3 }), { code: 'WRONG_PASSPHRASE' })
  await Promise.all([one.end(), two.end(), late.end()])
})

const linux = process.platform === 'linux' ? false : 'reads /proc'

test('what a process has forgotten is nowhere in its memory', { skip: linux }, async () => {
  const one = start('', ['--expose-gc'])
  // The passphrase and the clear text are bytes, which can be wiped; a JavaScript text cannot.
  const found = await one.tasks.bytesInMemory()
  assert.ok(found.before > 0, 'the search finds what is there')
  assert.deepEqual(found.after, [])
  await one.end()
})

test('the package holds on to no secret: a heap snapshot has none', async () => {
  const one = start('correct horse', ['--expose-gc'])
  const found = await one.tasks.textsInHeap()
  assert.ok(found.control, 'the snapshot shows what is held')
  assert.equal(found.held, false)
  await one.end()
  for (const name of await readdir(dataDir, { recursive: true, withFileTypes: true })) {
    if (!name.isFile()) continue
    const text = await readFile(join(name.parentPath, name.name), 'latin1')
    assert.ok(!text.includes('pl4nted'), name.name)
  }
})
