'use strict'

// What is huge costs time, and itself: no more memory than was asked for. Each in a process of its own
// that may have no more writable memory than is said (RLIMIT_DATA), and would die where it took more.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { spawn } = require('node:child_process')
const { createStore } = require('../../index.js')
const { folder, program } = require('../package/support.cjs')

const linux = { skip: process.platform !== 'linux' && 'only Linux limits the memory that is written to' }
const MB = 1 << 20

/** Runs `body`, whose value is the answer, with a store on a folder and so many MB. */
function within(megabytes, dataDir, body) {
  const script = program(
    dataDir,
    `const code = (promise) => promise.then(() => 'OK', (error) => error.code)
    ;(async () => { ${body} })().then((answer) => console.log(JSON.stringify(answer)))`,
  )
  // V8 collects its garbage only when it must, and knows nothing of that limit.
  const node = `exec "$0" --max-old-space-size=${megabytes / 2} -e "$1"`
  const child = spawn('sh', ['-c', `ulimit -d ${megabytes * 1024}; ${node}`, process.execPath, script])
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (data) => (stdout += data))
  child.stderr.on('data', (data) => (stderr += data))
  return new Promise((resolve, reject) => {
    child.on('close', (code, signal) => {
      if (code === 0 && stdout) resolve(JSON.parse(stdout))
      else reject(new Error(`it ended with ${code ?? signal}: ${stderr.slice(-2000)}`))
    })
  })
}

/** A chat, at rest, and the path of its log. */
async function chat(dataDir) {
  const store = createStore({ dataDir })
  const { id: userId } = await store.users.create({ email: 'alice@example.com' })
  const profile = { userId, name: 'Local', provider: 'OLLAMA', modelName: 'none' }
  const { id: connectionProfileId } = await store.connections.create(profile)
  const texts = { description: '', personality: '', scenario: '', firstMessage: '' }
  const { id: characterId } = await store.characters.create({ userId, name: 'Hamlet', ...texts })
  const { id } = await store.chats.create({ userId, characterId, connectionProfileId, title: 't' })
  await store.chats.addMessage(id, { id: 'first', role: 'USER', content: 'x' })
  await store.close()
  return { userId, characterId, id, log: path.join(dataDir, 'chats', `${id}.jsonl`) }
}

/** Adds rows of a megabyte to a log. */
function lengthen(log, rows) {
  const file = fs.openSync(log, 'a')
  const content = 'x'.repeat(MB)
  for (let number = 0; number < rows; number++) {
    const createdAt = new Date(Date.UTC(2030, 0, 1) + number).toISOString()
    const row = { id: `m${number}`, type: 'message', role: 'USER', content, attachments: [], createdAt }
    fs.writeSync(file, `${JSON.stringify(row)}\n`)
  }
  fs.closeSync(file)
}

test('a log of 280 MB is read, added to, edited by hand and compacted with 256 MB', linux, async () => {
  const dataDir = folder()
  const { id, log } = await chat(dataDir)
  lengthen(log, 280)
  const answer = await within(
    256,
    dataDir,
    `const fs = require('node:fs')
    const last = await store.chats.getMessages('${id}', { limit: 2 })
    await store.chats.addMessage('${id}', { id: 'added', role: 'USER', content: 'y' })
    // An editor puts a line behind what the store has added, which the journal still holds.
    fs.appendFileSync(${JSON.stringify(log)}, '{"id":"by-hand","type":"message","role":"USER","content":"z"}\\n')
    await store.flush()
    await store.chats.deleteMessages('${id}', ['m0', 'm1', 'm2'])
    await store.close()
    return { last: last.map(({ id }) => id), peak: process.resourceUsage().maxRSS / 1024 }`,
  )
  assert.deepEqual(answer.last, ['m278', 'm279'])
  assert.ok(answer.peak < 192, `${answer.peak} MB, of which Node itself takes some 70`)
  assert.ok(fs.statSync(log).size < 278 * MB, 'its dead lines are gone')
  const store = createStore({ dataDir })
  // What the journal held goes behind what the editor has saved, unless it was written before that.
  const last = (await store.chats.getMessages(id, { limit: 2 })).map((message) => message.id)
  assert.deepEqual(last.sort(), ['added', 'by-hand'])
  assert.equal(await store.chats.getMessageCount(id), 280)
  await store.close()
})

test('a record and a file of many of 3 GB are refused by their length', linux, async () => {
  const dataDir = folder()
  const { characterId, id } = await chat(dataDir)
  fs.truncateSync(path.join(dataDir, `characters/${characterId}.json`), 3 * 1024 * MB)
  fs.mkdirSync(path.join(dataDir, 'tags'), { recursive: true })
  fs.writeFileSync(path.join(dataDir, 'tags/tags.json'), '')
  fs.truncateSync(path.join(dataDir, 'tags/tags.json'), 3 * 1024 * MB)
  const answer = await within(
    256,
    dataDir,
    `return {
      record: await code(store.characters.findById('${characterId}')),
      tags: await code(store.tags.findAll()),
      chat: await code(store.chats.addMessage('${id}', { role: 'USER', content: 'y' })),
      closed: await code(store.close()),
    }`,
  )
  assert.deepEqual(answer, { record: 'TOO_LARGE', tags: 'TOO_LARGE', chat: 'OK', closed: 'OK' })
})

test(
  'an older folder with a log of 280 MB and a record of 3 GB is read, and converted, with 256 MB',
  linux,
  async () => {
    const dataDir = path.join(folder(), 'older')
    fs.cpSync(path.resolve(__dirname, '../../tests/fixtures/older/t'), dataDir, { recursive: true })
    for (const name of ['', ...fs.readdirSync(dataDir, { recursive: true })]) {
      const file = path.join(dataDir, name)
      fs.chmodSync(file, fs.statSync(file).isDirectory() ? 0o700 : 0o600)
    }
    lengthen(path.join(dataDir, 'chats/act1.jsonl'), 280)
    fs.truncateSync(path.join(dataDir, 'characters/ophelia.json'), 3 * 1024 * MB)
    const answer = await within(
      256,
      dataDir,
      `const last = async () => (await store.chats.getMessages('act1', { limit: 2 })).map(({ id }) => id)
    const characters = async () => [await code(store.characters.findById('ophelia')), await code(store.characters.findById('hamlet'))]
    const read = [await last(), await characters()]
    await store.chats.addMessage('act1', { id: 'added', role: 'USER', content: 'y' })
    await store.flush()
    const converted = [await last(), await characters(), (await store.chats.findById('act1')).messageCount]
    await store.close()
    return { read, converted, peak: process.resourceUsage().maxRSS / 1024 }`,
    )
    assert.deepEqual(answer.read, [
      ['m278', 'm279'],
      ['TOO_LARGE', 'OK'],
    ])
    assert.deepEqual(answer.converted, [['m279', 'added'], ['TOO_LARGE', 'OK'], 281])
    assert.ok(answer.peak < 192, `${answer.peak} MB, of which Node itself takes some 70`)
    assert.ok(fs.statSync(path.join(dataDir, 'older/chats/act1.jsonl')).size > 280 * MB, 'the original is kept')
  },
)

test('an image of 300 MB comes in and goes out as a stream with 256 MB, however slowly it is read', linux, async () => {
  const dataDir = folder()
  const { userId } = await chat(dataDir)
  const file = path.join(folder(), 'large.bin')
  fs.writeFileSync(file, '')
  fs.truncateSync(file, 300 * MB)
  const answer = await within(
    256,
    dataDir,
    `const file = { path: ${JSON.stringify(file)} }
    const { id } = await store.images.put(file, { userId: '${userId}', type: 'image', filename: 'large.bin' })
    const stream = await store.images.stream(id)
    let bytes = 0
    for await (const chunk of stream) {
      bytes += chunk.length
      if (bytes < 2e6) await new Promise((resolve) => setTimeout(resolve, 50))
    }
    await store.close()
    return bytes`,
  )
  assert.equal(answer, 300 * MB)
})

test('an image of 300 MB and a log of 100 MB are backed up and restored with 256 MB', linux, async () => {
  const [dataDir, place] = [folder(), folder()]
  const { userId, id, log } = await chat(dataDir)
  const file = path.join(place, 'large.bin')
  fs.writeFileSync(file, '')
  fs.truncateSync(file, 300 * MB)
  lengthen(log, 100)
  const answer = await within(
    256,
    dataDir,
    `const { restore } = require(${JSON.stringify(path.resolve(__dirname, '../../index.js'))})
    const { id } = await store.images.put({ path: ${JSON.stringify(file)} }, { userId: '${userId}' })
    await store.backup(${JSON.stringify(path.join(place, 'one.qtb'))})
    await store.close()
    await restore(${JSON.stringify(path.join(place, 'one.qtb'))}, { dataDir: ${JSON.stringify(path.join(place, 'restored'))} })
    return id`,
  )
  const store = createStore({ dataDir: path.join(place, 'restored') })
  assert.equal(fs.statSync(await store.images.pathOf(answer)).size, 300 * MB)
  assert.equal(await store.chats.getMessageCount(id), 101)
  await store.close()
})

test('a listener that is slow holds up nobody, and what it has not heard waits in little memory', linux, async () => {
  const dataDir = folder()
  const { userId, characterId } = await chat(dataDir)
  const done = path.join(folder(), 'done')
  const store = createStore({ dataDir, durability: 'batched' })
  const listening = within(
    256,
    dataDir,
    `const fs = require('node:fs')
    const heard = []
    store.on('change', (change) => {
      heard.push(change.model)
      // It lets nothing else run in its thread before the other process has written everything.
      while (!fs.existsSync(${JSON.stringify(done)})) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20)
    })
    await store.tags.create({ userId: '${userId}', name: 'it listens' })
    while (!heard.includes('Persona')) await new Promise((resolve) => setTimeout(resolve, 20))
    await store.close()
    return heard.filter((model) => model === 'Character').length`,
  )
  while (!(await store.tags.count())) await new Promise((resolve) => setTimeout(resolve, 20))
  // 200 MB in all, of a record that has 500 kB at any time.
  for (let round = 0; round < 20; round++) {
    const updates = Array.from({ length: 20 }, (_, at) => `${round} ${at} `.padEnd(500_000, 'x'))
    await Promise.all(updates.map((description) => store.characters.update(characterId, { description })))
  }
  await store.personas.create({ userId, name: 'last', description: '' })
  fs.writeFileSync(done, '')
  assert.ok((await listening) >= 1)
  await store.close()
})

for (const [how, ask] of [
  ['of a repository', `store.characters.count({ where: { id: { in: ids } } })`],
  ['of Prisma’s client', `prisma.character.count({ where: { id: { in: ids } } })`],
]) {
  test(`4,000 questions ${how} with long lists are not kept for the day that somebody asks again`, linux, async () => {
    const dataDir = folder()
    await chat(dataDir)
    const answer = await within(
      256,
      dataDir,
      `const { PrismaClient } = require(${JSON.stringify(path.resolve(__dirname, '../../prisma.js'))})
      const prisma = new PrismaClient({ store })
      let found = 0
      for (let number = 0; number < 4000; number++) {
        const ids = Array.from({ length: 500 }, (_, at) => (number + '-' + at).padEnd(100, 'x'))
        found += await ${ask}
      }
      await store.close()
      return found`,
    )
    assert.equal(answer, 0)
  })
}

test('of changes that wait no more than 256 MB are held, and the others are told', linux, async () => {
  const dataDir = folder()
  const { id } = await chat(dataDir)
  const answer = await within(
    768,
    dataDir,
    `const content = 'x'.repeat(1 << 20)
    let begun
    store.transaction(() => new Promise((resolve) => (begun = resolve)), { timeout: 300_000 }).catch(() => {})
    while (!begun) await new Promise((resolve) => setTimeout(resolve, 5))
    const told = { LOCKED: 0 }
    for (let number = 0; number < 1200; number++) {
      store.chats.addMessage('${id}', { role: 'USER', content }).catch((error) => {
        told[error.code] = (told[error.code] ?? 0) + 1
        told.message = error.message
      })
      // So that those which were refused are told.
      if (number % 10 === 0) await new Promise(setImmediate)
    }
    while (told.LOCKED < 900) await new Promise((resolve) => setTimeout(resolve, 5))
    // Those that wait are not to be written here.
    setTimeout(() => process.exit(), 10)
    return told`,
  )
  assert.match(answer.message, /more than 256 MB of changes wait to be written; await earlier ones/)
  assert.ok(answer.LOCKED <= 1200 - 250, `${answer.LOCKED} of 1,200`)
})

test(
  'changes of 200 MB that have waited are committed some 16 MB at a time, and one of 20 MB alone, with 896 MB',
  linux,
  async () => {
    const dataDir = folder()
    const { userId, characterId } = await chat(dataDir)
    const answer = await within(
      896,
      dataDir,
      `const description = 'x'.repeat(1 << 20)
    let end
    const holding = store.transaction(() => new Promise((resolve) => (end = resolve)), { timeout: 300_000 })
    while (!end) await new Promise((resolve) => setTimeout(resolve, 5))
    // All in one batch, their lines and answers would be in memory at once: more than a gigabyte.
    const update = (_, number) => store.characters.update('${characterId}', { description, title: String(number) })
    const waiting = Array.from({ length: 200 }, async (_, number) => void (await update(_, number)))
    await new Promise(setImmediate)
    end()
    await holding
    await Promise.all(waiting)
    const row = { userId: '${userId}', name: 'n', description }
    const made = await store.personas.createMany(Array.from({ length: 20 }, () => row))
    return [(await store.characters.findById('${characterId}')).title, made.length]`,
    )
    assert.deepEqual(answer, ['199', 20])
  },
)

test('a part of 60 MB of records is asked for, and 100,000 of their ids, with 256 MB', linux, async () => {
  const dataDir = folder()
  const { userId } = await chat(dataDir)
  const store = createStore({ dataDir })
  const description = 'x'.repeat(30_000)
  for (let round = 0; round < 20; round++) {
    const row = (_, at) => ({ id: `${round}-${at}`, userId, name: `n${at}`, description })
    await store.personas.createMany(Array.from({ length: 100 }, row))
  }
  await store.close()
  const answer = await within(
    256,
    dataDir,
    `let parts = 0
    for (let skip = 0; skip < 2000; skip += 50) {
      const where = { description: { contains: 'x' }, name: { not: String(skip) } }
      parts += (await store.personas.findMany({ where, orderBy: { name: 'desc' }, take: 10, skip })).length
    }
    const ids = (count) => Array.from({ length: count }, (_, at) => (at < 20 ? at + '-0' : 'unknown-' + at))
    const listed = await store.personas.count({ where: { id: { in: ids(100_000) } } })
    return { parts, listed, longer: await code(store.personas.count({ where: { id: { in: ids(100_001) } } })) }`,
  )
  assert.deepEqual(answer, { parts: 400, listed: 20, longer: 'VALIDATION' })
})

test('a dump with a line that does not end is refused with 384 MB', linux, async () => {
  const dump = path.join(folder(), 'dump.sql')
  fs.writeFileSync(dump, 'COPY public."User" (id, email) FROM stdin;\n')
  fs.truncateSync(dump, 3 * 1024 * MB)
  const program = path.resolve(__dirname, '../../bin/quilltap-store.js')
  const command = `ulimit -d ${384 * 1024}; exec "$0" "$@"`
  const args = [program, 'import', dump, '--dry-run', '--data-dir', path.join(folder(), 'data')]
  const child = spawn('sh', ['-c', command, process.execPath, ...args], { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (data) => (said += data))
  const code = await new Promise((resolve) => child.on('close', resolve))
  assert.match(said, /a line of it has more than 128 MB.*\(TOO_LARGE\)/)
  assert.equal(code, 3)
})

test('Prisma’s client is asked for 300,000 ids with 384 MB', linux, async () => {
  const dataDir = folder()
  const { characterId } = await chat(dataDir)
  const answer = await within(
    384,
    dataDir,
    `const { PrismaClient } = require(${JSON.stringify(path.resolve(__dirname, '../../prisma.js'))})
    const ids = Array.from({ length: 300_000 }, (_, at) => (at === 7 ? '${characterId}' : 'unknown-' + at))
    return new PrismaClient({ store }).character.findMany({ where: { id: { in: ids } }, select: { id: true } })`,
  )
  assert.deepEqual(answer, [{ id: characterId }])
})
