// A whole store moves from a folder into a database and back: killed, from an app, and while the app goes on; and every command
// that takes `--database`.
'use strict'

const assert = require('node:assert/strict')
const { execFileSync, spawn } = require('node:child_process')
const { randomBytes } = require('node:crypto')
const { once } = require('node:events')
const fs = require('node:fs')
const path = require('node:path')
const { after, before, test } = require('node:test')
const { setTimeout: sleep } = require('node:timers/promises')
const { copyStore, createStore } = require('quilltap-store')
const { filled, folder, lines, program, records, root, run } = require('../cli/support.cjs')
const { BIN, startServer } = require('./server.cjs')

const options = { skip: BIN === '' && 'there is no PostgreSQL server here' }
let server
let schemas = 0

before(async () => (server = options.skip ? undefined : await startServer()))
after(() => setImmediate(() => process.exit()))

/** The address of a database with nothing in it. */
const empty = () => `${server.address()}?schema=m${++schemas}`
const open = (place) => createStore(place.startsWith('postgresql:') ? { database: place } : { dataDir: place })
const newFolder = () => path.join(folder(), 'data')

/** A folder whose copy takes a while. */
async function large() {
  const { dataDir, userId, character, chat } = await filled()
  const store = createStore({ dataDir, durability: 'batched' })
  for (let n = 0; n < 30; n++) {
    const { connectionProfileId } = chat
    const { id } = await store.chats.create({ userId, characterId: character.id, connectionProfileId, title: `${n}` })
    await store.chats.addMessages(
      id,
      Array.from({ length: 250 }, (_, at) => ({ role: 'USER', content: `${at} ${'word '.repeat(at % 40)}` })),
    )
    await store.images.put(randomBytes(40_000), { userId, type: 'image', filename: `${n}.png` })
  }
  await store.close()
  return { dataDir, userId, chat }
}

/** Copies by the command line and kills it after so long, in milliseconds; gives its end where it came to it. */
async function killedAfter(ms, args) {
  const child = spawn(process.execPath, [program, 'copy', ...args, '--json'])
  let stdout = ''
  child.stdout.on('data', (data) => (stdout += data))
  const ended = once(child, 'close')
  await Promise.race([ended, sleep(ms)])
  child.kill('SIGKILL')
  const [code] = await ended
  return code === null ? undefined : { code, ...JSON.parse(stdout) }
}

for (const [what, there] of [
  ['a folder into a database', empty],
  ['a database into a folder', newFolder],
]) {
  test(`a copy of ${what} is killed again and again, and goes on`, options, async (t) => {
    const { dataDir } = await large()
    const from = there === empty ? dataDir : empty()
    if (from !== dataDir) assert.ok((await copyStore(dataDir, from)).same)
    const started = performance.now()
    const whole = await copyStore(from, there())
    const took = performance.now() - started
    assert.ok(whole.same && whole.payloads === 31)
    const to = there()
    let done
    let kills = -1
    // Longer each time, so that it comes to its end on any machine.
    for (; done === undefined; kills++) {
      done = await killedAfter(took * (0.2 + 0.2 * kills) * (0.5 + Math.random()), ['--from', from, '--to', to])
    }
    t.diagnostic(`${kills} kills`)
    assert.deepEqual([done.code, done.same, done.digest], [0, true, whole.digest])
    assert.ok(kills > 0)
  })
}

test('an app copies: what is refused, kept, replaced, given up and told', options, async () => {
  const { dataDir, userId } = await filled()
  const to = empty()
  const heard = []
  const copied = await copyStore(dataDir, to, { onProgress: (progress) => heard.push(progress) })
  assert.ok(copied.same && copied.records > 5 && copied.payloads === 1)
  const store = open(to)
  await store.users.update(userId, { name: 'Ann' })
  await store.close()
  await assert.rejects(copyStore(dataDir, to), { code: 'VALIDATION', message: /the target has another User/ })
  assert.equal((await copyStore(dataDir, to, { existing: 'keep' })).same, false)
  const other = newFolder()
  assert.ok((await copyStore(to, other)).same)
  const back = createStore({ dataDir: other })
  assert.equal((await back.users.findById(userId)).name, 'Ann')
  await back.close()
  assert.ok((await copyStore(dataDir, to, { existing: 'replace' })).same)
  await assert.rejects(copyStore(dataDir, empty(), { signal: AbortSignal.abort() }), { code: 'CLOSED' })
  for (const call of [() => copyStore(7, to), () => copyStore(to, to, { follow: true }), () => copyStore(to)]) {
    await assert.rejects(call, { code: 'VALIDATION' })
  }
})

/** An app that writes all the time, in a process of its own, until it is told to end. */
function startApp(place, { userId, chat }) {
  const app = `
    const { createStore } = require(${JSON.stringify(root)})
    const store = createStore(${JSON.stringify(place.startsWith('postgresql:') ? { database: place } : { dataDir: place })})
    let goes = true
    process.stdin.on('end', () => (goes = false)).resume()
    ;(async () => {
      const made = []
      for (let n = 0; goes; n++) {
        const { id } = await store.chats.addMessage('${chat.id}', { role: 'USER', content: 'live ' + n })
        if (n % 3 === 0) await store.chats.updateMessage('${chat.id}', id, { content: 'edited ' + n })
        if (n % 5 === 0) await store.chats.deleteMessages('${chat.id}', [id])
        made.push(await store.images.put(Buffer.from('image ' + n), { userId: '${userId}', filename: n + '.txt' }))
        await store.tags.create({ userId: '${userId}', name: 'tag ' + n })
        if (n % 2 === 0) await store.images.delete(made.shift().id)
      }
      await store.close()
    })()`
  return spawn(process.execPath, ['-e', app], { stdio: ['pipe', 'inherit', 'inherit'] })
}

for (const [what, there] of [
  ['a folder into a database', empty],
  ['a database into a folder', newFolder],
]) {
  test(`an app goes on while its store moves from ${what}, and is there once it stops`, options, async () => {
    const { dataDir, ...world } = await filled()
    const from = there === empty ? dataDir : empty()
    if (from !== dataDir) await copyStore(dataDir, from)
    const to = there()
    const app = startApp(from, world)
    const [source, stop] = [open(from), new AbortController()]
    const until = async (count) => {
      while ((await source.tags.count()) < count) await sleep(20)
    }
    await until(3)
    const copying = copyStore(from, to, { follow: stop.signal })
    await until(25)
    app.stdin.end()
    assert.deepEqual(await once(app, 'exit'), [0, null])
    stop.abort()
    const copied = await copying
    assert.ok(copied.same, JSON.stringify(copied))
    const target = open(to)
    const messages = (store) => store.chats.getMessages(world.chat.id)
    assert.deepEqual(await messages(target), await messages(source))
    assert.equal(await target.images.count(), await source.images.count())
    const [image] = await target.images.findMany({ where: { filename: { not: 'a.png' } }, take: 1 })
    assert.deepEqual(await target.images.read(image.id), await source.images.read(image.id))
    await Promise.all([source.close(), target.close()])
  })
}

test('following is ended by Ctrl-C, and refuses what is somebody else’s', options, async () => {
  const { dataDir, userId } = await filled()
  const to = empty()
  const child = spawn(process.execPath, [program, 'copy', '--from', dataDir, '--to', to, '--follow', '--json'])
  let stdout = ''
  child.stdout.on('data', (data) => (stdout += data))
  const ended = once(child, 'close')
  const [source, target] = [open(dataDir), open(to)]
  const isThere = async (name) => (await target.users.findAll()).some((user) => user.name === name)
  await source.users.update(userId, { name: 'Ann' })
  while (!(await isThere('Ann'))) await sleep(20)
  await source.users.update(userId, { name: 'Bob' })
  while (!(await isThere('Bob'))) await sleep(20)
  child.kill('SIGINT')
  assert.deepEqual(await ended, [0, null])
  assert.equal(JSON.parse(stdout).same, true)
  await target.tags.create({ userId, name: 'only here' })
  await Promise.all([source.close(), target.close()])
  const again = (...more) => run(['copy', '--from', dataDir, '--to', to, '--follow', ...more])
  assert.match(again().stderr, /the target has another Tag/)
  assert.equal(again('--existing', 'keep').code, 2)
})

test('every command that takes --database', options, async () => {
  const { dataDir, userId, character } = await filled()
  const database = empty()
  assert.ok((await copyStore(dataDir, database)).same)
  const env = { QUILLTAP_PASSPHRASE: 'first' }
  const asked = (...args) => {
    const { code, stdout, stderr } = run([...args, '--database', database], { env })
    assert.equal(code, 0, `${args}: ${stderr}`)
    return stdout
  }
  assert.equal(JSON.parse(asked('stats', '--json')).records.characters, 1)
  assert.match(asked('ls', 'characters'), /Ada/)
  assert.equal(JSON.parse(asked('get', 'characters', character.id)).name, 'Ada')
  const found = records(asked('query', 'characters', JSON.stringify({ where: { userId }, orderBy: { name: 'asc' } })))
  assert.deepEqual(
    found.map(({ name }) => name),
    ['Ada'],
  )
  asked('compact')

  const secret = createStore({ database, passphrase: 'first' })
  const { id } = await secret.connections.createApiKey({ userId, provider: 'OPENAI', label: 'l', key: 'sk-1' })
  await secret.close()
  assert.equal(JSON.parse(asked('secrets', 'status', '--json')).initialised ?? true, true)
  const recovery = JSON.parse(asked('secrets', 'create-recovery-key', '--json'))
  assert.ok(Object.values(recovery).some((value) => typeof value === 'string'))
  asked('secrets', 'rotate')
  const next = path.join(folder(), 'next')
  fs.writeFileSync(next, 'second')
  asked('secrets', 'change-passphrase', '--new-passphrase-file', next)
  const opened = createStore({ database, passphrase: 'second' })
  assert.equal(await opened.connections.revealApiKey(id), 'sk-1')
  await opened.close()

  const [dump, ndjson] = ['back.sql', 'all.ndjson'].map((name) => path.join(folder(), name))
  asked('export', '--format', 'postgres', '--out', dump)
  asked('export', '--format', 'ndjson', '--out', ndjson)
  assert.ok(lines(fs.readFileSync(ndjson, 'utf8')).length > 5)
  asked('verify', dump)
  const other = empty()
  const imported = run(['import', dump, '--database', other, '--json'])
  assert.equal(imported.code, 0, imported.stderr)
  const verified = run(['verify', dump, '--database', other])
  assert.equal(verified.code, 0, verified.stdout + verified.stderr)
  const tables = execFileSync(`${BIN}/psql`, ['-X', '-At', '-d', other.split('?')[0], '-c', `\\dt m${schemas}.*`])
  assert.match(String(tables), /characters/)
})

test('a role that may not make a schema has the one that was made for it', options, async (t) => {
  const address = new URL(empty())
  const schema = address.searchParams.get('schema')
  const text = `CREATE ROLE poor LOGIN; CREATE SCHEMA ${schema} AUTHORIZATION poor`
  execFileSync(`${BIN}/psql`, ['-X', '-q', '-d', server.address(), '-c', text])
  address.username = 'poor'
  const store = createStore({ database: address.href })
  t.after(() => store.close())
  assert.equal(await store.users.count(), 0)
})

test('bytes are sealed while the database makes one wait, and the event loop does not', options, async () => {
  const database = empty()
  const store = createStore({ database, passphrase: 'p', lockTimeout: 5000 })
  const sealed = await store.encryptBuffer(Buffer.from('bytes'))
  const psql = spawn(`${BIN}/psql`, ['-X', '-q', '-d', server.address()], { stdio: ['pipe', 'pipe', 'inherit'] })
  psql.stdin.write(`BEGIN; LOCK TABLE m${schemas}.settings; SELECT 'locked';\n`)
  await once(psql.stdout, 'data')
  const opening = store.decryptBuffer(sealed)
  // Where the call held this thread up, nobody would let the table go.
  await sleep(50)
  psql.stdin.end('ROLLBACK;\n')
  assert.equal(String(await opening), 'bytes')
  await store.close()
})
