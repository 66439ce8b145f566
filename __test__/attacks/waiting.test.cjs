'use strict'

// Whoever hangs, or waits for itself, is named; nobody waits longer than they said.

const assert = require('node:assert/strict')
const { execFileSync, spawn } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { createStore } = require('../../index.js')
const { failure, folder, program, runFile } = require('../package/support.cjs')

const package_ = path.resolve(__dirname, '../..')

test(
  'a process that was stopped in a transaction is named by who waits for it',
  { skip: process.platform === 'win32' },
  async (t) => {
    const dataDir = folder()
    const body = `store.transaction(async (tx) => {
    await tx.users.create({ email: 'alice@example.com' })
    console.log('inside')
    await new Promise((resolve) => setTimeout(resolve, 60_000))
  }, { timeout: 60_000 })`
    const child = spawn(process.execPath, ['-e', program(dataDir, body)], { stdio: ['ignore', 'pipe', 'inherit'] })
    t.after(() => child.kill('SIGKILL'))
    await new Promise((resolve) => child.stdout.once('data', resolve))
    child.kill('SIGSTOP')
    const store = createStore({ dataDir, lockTimeout: 200 })
    t.after(() => store.close().catch(() => {}))
    const error = await failure(store.users.create({ email: 'bob@example.com' }))
    assert.equal(error.code, 'LOCKED')
    assert.match(error.message, new RegExp(`^process ${child.pid} has held cache/\\w+\\.lock for more than 200 ms`))
    assert.match(error.message, /is stopped or hangs in a transaction.*lockTimeout/)
    const exit = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await exit
    assert.equal((await store.users.create({ email: 'bob@example.com' })).email, 'bob@example.com')
  },
)

test(
  'who waits for a process that was stopped in a transaction waits no longer than that may take',
  { skip: process.platform === 'win32' },
  async (t) => {
    const dataDir = folder()
    const body = `store.transaction(async (tx) => {
    await tx.users.create({ email: 'alice@example.com' })
    console.log('inside')
    await new Promise((resolve) => setTimeout(resolve, 60_000))
  }, { timeout: 500 }).catch((error) => console.log(error.code, error.message))`
    const child = spawn(process.execPath, ['-e', program(dataDir, body)], { stdio: ['ignore', 'pipe', 'inherit'] })
    t.after(() => child.kill('SIGKILL'))
    const says = () => new Promise((resolve) => child.stdout.once('data', (data) => resolve(String(data))))
    await says()
    child.kill('SIGSTOP')
    // Ten minutes: only the limit of the transaction can end this.
    const store = createStore({ dataDir, lockTimeout: 600_000 })
    t.after(() => store.close().catch(() => {}))
    for (const call of [
      () => store.users.create({ email: 'bob@example.com' }),
      () => store.transaction(async () => {}),
    ]) {
      const error = await failure(call())
      assert.equal(error.code, 'LOCKED')
      assert.match(
        error.message,
        new RegExp(`^process ${child.pid} has held cache/commit.lock beyond the 500 ms .*is stopped or hangs`),
      )
    }
    // It goes on, and finds its transaction ended.
    const told = says()
    child.kill('SIGCONT')
    assert.match(await told, /^LOCKED .*transaction/)
    assert.equal((await store.users.create({ email: 'bob@example.com' })).email, 'bob@example.com')
    assert.deepEqual(
      (await store.users.findAll()).map(({ email }) => email),
      ['bob@example.com'],
    )
  },
)

test('a second copy of the package that writes within a transaction of the first is told that it waits for itself', async (t) => {
  const copy = folder()
  for (const name of ['index.js', 'package.json', 'lib', 'generated']) {
    fs.cpSync(path.join(package_, name), path.join(copy, name), { recursive: true })
  }
  const second = require(path.join(copy, 'index.js'))
  assert.notEqual(second.createStore, createStore)
  const dataDir = folder()
  const [one, other] = [createStore({ dataDir }), second.createStore({ dataDir })]
  t.after(() => Promise.all([one.close(), other.close()]))
  await one.transaction(async (tx) => {
    const { id } = await tx.users.create({ email: 'alice@example.com' })
    for (const call of [() => other.tags.create({ userId: id, name: 'x' }), () => other.transaction(async () => {})]) {
      const error = await failure(call())
      assert.equal(error.code, 'LOCKED')
      assert.match(error.message, /would wait for the transaction that it is made in/)
    }
  })
  const [user] = await other.users.findAll()
  assert.equal((await other.tags.create({ userId: user.id, name: 'x' })).name, 'x')
})

test('who guesses backup codes is slowed down, and holds up nobody else', async (t) => {
  const kdf = { memoryKib: 19_456, passes: 2 }
  const store = createStore({ dataDir: folder(), durability: 'batched', passphrase: 'correct horse', kdf })
  t.after(() => store.close())
  const [eve, ann] = await Promise.all(
    ['eve', 'ann'].map(async (name) => (await store.users.create({ email: `${name}@example.com` })).id),
  )
  for (const user of [eve, ann]) await store.users.setBackupCodes(user, ['AAAA-BBBB', 'CCCC-DDDD'])
  // All at once: many that are under way are no way round the limit.
  const guesses = Array.from({ length: 200 }, (_, number) =>
    store.users.consumeBackupCode(eve, `XXXX-${number}`).then(String, (error) => error),
  )
  assert.equal(await store.users.consumeBackupCode(ann, 'AAAA-BBBB'), true)
  const told = await Promise.all(guesses)
  const refused = told.filter((error) => error.code === 'LOCKED')
  const tried = told.filter((answer) => answer === 'false').length
  // Ten are free; a machine that is slow enough lets some seconds pass, and one more with each wait.
  assert.ok(tried >= 10 && tried <= 13, `${tried} were tried`)
  assert.equal(refused.length, 200 - tried)
  assert.match(refused[0].message, /too many wrong tries; try again in \d+ s/)
})

test(
  'doctor waits for no pipe that somebody has put into the app',
  { skip: process.platform === 'win32' },
  async () => {
    for (const name of ['package.json', 'next.config.mjs']) {
      const app = folder()
      if (name !== 'package.json') fs.writeFileSync(path.join(app, 'package.json'), '{"dependencies":{"next":"16"}}')
      execFileSync('mkfifo', [path.join(app, name)])
      const program = path.join(package_, 'bin/quilltap-store.js')
      const args = ['doctor', '--data-dir', path.join(app, 'data'), '--app', app]
      const { signal, stdout } = await runFile(program, args, { timeout: 60_000 })
      assert.equal(signal, null)
      assert.match(stdout, /next\.js/)
    }
  },
)
