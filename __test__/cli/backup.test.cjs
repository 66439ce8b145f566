'use strict'

// Backups made while others write, from the command line and from JavaScript.

const assert = require('node:assert/strict')
const { fork, spawn } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const path = require('node:path')
const { afterEach, test } = require('node:test')
const { contents, createStore, env, filled, folder, program, root, run, start } = require('./support.cjs')
const { restore } = require(root)

const children = new Set()
afterEach(() => children.forEach((child) => child.kill('SIGKILL')))

/** Characters with a chat each, and a process that writes to each of them. */
async function writers(dataDir, many) {
  const store = createStore({ dataDir })
  const { id: userId } = await store.users.create({ email: 'w@example.org' })
  const profile = await store.connections.create({ userId, name: 'c', provider: 'OPENAI', modelName: 'm' })
  const words = { description: 'd', personality: 'p', scenario: 's', firstMessage: 'Hello' }
  const pairs = []
  for (let at = 0; at < many; at++) {
    const { id: characterId } = await store.characters.create({ userId, name: `C${at}`, title: '0', ...words })
    const chat = await store.chats.create({ userId, characterId, connectionProfileId: profile.id, title: '0' })
    pairs.push({ character: characterId, chat: chat.id, last: 0 })
  }
  await store.close()
  for (const [at, pair] of pairs.entries()) {
    const argv = [dataDir, userId, pair.character, pair.chat, String(at)]
    const child = fork(path.join(__dirname, 'writer.cjs'), argv)
    children.add(child)
    child.on('message', (number) => (pair.last = number))
  }
  while (pairs.some(({ last }) => last === 0)) await new Promise((resolve) => setTimeout(resolve, 20))
  return pairs
}

/** A folder shows one moment, not before what was acknowledged, and has no fault. */
async function isOneMoment(dataDir, pairs, acknowledged) {
  const store = createStore({ dataDir })
  // The bytes of an image that was deleted a moment ago may still be there.
  const faults = (await store.check()).faults.filter(({ kind }) => kind !== 'orphan')
  assert.deepEqual(faults, [])
  for (const [at, { character, chat }] of pairs.entries()) {
    const { title } = await store.characters.findById(character)
    const messages = await store.chats.getMessages(chat)
    assert.equal((await store.chats.findById(chat)).title, title)
    assert.equal(messages.at(-1).content, title)
    assert.equal(messages.length, Number(title))
    assert.ok(Number(title) >= acknowledged[at], `${title} of ${acknowledged[at]}`)
  }
  await store.close()
}

test('under eight writing processes, a restored backup shows one moment', async () => {
  const dir = folder()
  const dataDir = path.join(dir, 'data')
  const pairs = await writers(dataDir, 8)
  for (let round = 0; round < 3; round++) {
    const acknowledged = pairs.map(({ last }) => last)
    const file = path.join(dir, `${round}.tar.zst`)
    const made = await start(['backup', file, '--data-dir', dataDir])
    assert.deepEqual({ code: made.code, stderr: made.stderr }, { code: 0, stderr: '' })
    const copy = path.join(dir, `copy-${round}`)
    const restored = await start(['restore', file, '--data-dir', copy, '--json'])
    assert.equal(restored.code, 0, restored.stderr)
    await isOneMoment(copy, pairs, acknowledged)
  }
  children.forEach((child) => child.kill('SIGKILL'))
  await Promise.all([...children].map((child) => child.exitCode ?? child.signalCode ?? once(child, 'exit')))
  children.clear()
  // Nobody has lost anything of his own by it.
  await isOneMoment(
    dataDir,
    pairs,
    pairs.map(({ last }) => last),
  )
  const store = createStore({ dataDir })
  const [file, snapshot, copy] = ['last.tar.zst', 'snapshot', 'copy'].map((name) => path.join(dir, name))
  await store.backup(file)
  await store.snapshot(snapshot)
  await store.close()
  await restore(file, { dataDir: copy })
  assert.deepEqual(contents(copy, { except: [] }), contents(snapshot, { except: [] }))
})

test('the calls: backup, keep, restore, and what they refuse', async () => {
  const { dataDir } = await filled()
  const dir = path.dirname(dataDir)
  const store = createStore({ dataDir })
  const file = path.join(dir, 'one.tar.zst')
  const made = await store.backup(file)
  assert.deepEqual([made.file, made.removed], [file, []])
  assert.equal(made.backupBytes, fs.statSync(file).size)
  if (process.platform !== 'win32') assert.equal(fs.statSync(file).mode & 0o777, 0o600)
  await assert.rejects(store.backup(file), { code: 'VALIDATION', message: /is there already/ })
  await assert.rejects(store.backup(path.join(dataDir, 'x')), { code: 'VALIDATION', message: /data folder/ })
  await assert.rejects(store.backup(7), { code: 'VALIDATION', message: /place: expected a path/ })
  await assert.rejects(store.backup(dir, { keep: 'seven days' }), { code: 'VALIDATION', message: /7d,4w/ })
  await assert.rejects(store.backup(dir, { kept: '7d' }), { code: 'VALIDATION', message: /did you mean keep/ })
  await assert.rejects(
    store.transaction(() => store.backup(path.join(dir, 'two'))),
    { code: 'LOCKED' },
  )
  await assert.rejects(restore(file, { dataDir }), { code: 'LOCKED', message: /force: true/ })
  await store.close()
  await assert.rejects(restore(file, { dataDir }), { code: 'VALIDATION', message: /force: true/ })
  await assert.rejects(restore(path.join(dir, 'nothing'), { dataDir: path.join(dir, 'n') }), { code: 'IO' })
  const restored = await restore(file, { dataDir, force: true })
  assert.deepEqual([restored.replaced, restored.wasOpen], [`${fs.realpathSync(dataDir)}.before-restore`, false])
  assert.equal(run(['check', '--data-dir', dataDir]).code, 0)
})

test('--keep names backups by their time and says what it removes', async () => {
  const { dataDir } = await filled()
  const backups = path.join(path.dirname(dataDir), 'backups')
  fs.mkdirSync(backups)
  const old = path.join(backups, 'quilltap-20200101T000000Z.tar.zst')
  fs.writeFileSync(old, '')
  fs.writeFileSync(path.join(backups, 'mine.tar.zst'), '')
  const { code, stdout } = run(['backup', backups, '--keep', '1d', '--data-dir', dataDir])
  assert.equal(code, 0)
  assert.match(
    stdout,
    /quilltap-\d{8}T\d{6}Z\.tar\.zst: \d+ files, [\d.]+ \w+ in [\d.]+ \w+\nremoved .*20200101T000000Z/,
  )
  assert.equal(fs.existsSync(old), false)
  assert.equal(fs.readdirSync(backups).length, 2)
  assert.equal(run(['backup', backups, '--keep', 'often', '--data-dir', dataDir]).code, 2)
})

test('Ctrl-C leaves no half backup and no half folder, and exits with 130', async () => {
  const dir = folder()
  const { dataDir, userId } = await filled(path.join(dir, 'data'))
  const store = createStore({ dataDir })
  for (let at = 0; at < 60; at++) {
    const bytes = require('node:crypto').randomBytes(1 << 20)
    await store.images.put(bytes, { userId, type: 'image', filename: `${at}.bin`, mimeType: 'image/png' })
  }
  await store.backup(path.join(dir, 'whole'))
  await store.close()
  const names = () => fs.readdirSync(dir).sort()
  const before = names()
  for (const args of [
    ['backup', path.join(dir, 'new'), '--data-dir', dataDir],
    ['restore', path.join(dir, 'whole'), '--data-dir', path.join(dir, 'new')],
  ]) {
    const child = spawn(process.execPath, [program, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    // What is half done is there to be seen.
    while (names().length === before.length && child.exitCode === null) await new Promise(setImmediate)
    child.kill('SIGINT')
    const [code] = await once(child, 'exit')
    assert.equal(code, 130)
    assert.deepEqual(names(), before)
  }
})
