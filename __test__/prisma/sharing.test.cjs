'use strict'

const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { Worker } = require('node:worker_threads')
const { client, entry, failure, folder, play, root, run } = require('./support.cjs')

const opened = (dataDir) =>
  `const { PrismaClient, Prisma } = require(${JSON.stringify(entry)}); const prisma = new PrismaClient({ dataDir: ${JSON.stringify(dataDir)}, durability: 'batched' });`

test('what another process wrote is seen by the next read', async () => {
  const dataDir = folder()
  const prisma = client({ dataDir })
  assert.equal(await prisma.user.count(), 0)
  const { code, stderr } = await run(
    `${opened(dataDir)} prisma.user.create({ data: { email: 'a@example.test' } }).then(() => {})`,
  )
  assert.deepEqual([code, stderr], [0, ''])
  assert.equal((await prisma.user.findFirst()).email, 'a@example.test')
  await prisma.$disconnect()
})

test('an answer that was given before is a copy, and anew after any change of what it was made of', async () => {
  const dataDir = folder()
  const prisma = client({ dataDir })
  const { user, chat } = await play(prisma)
  const { id } = await prisma.chat.create({ data: chat })
  const ask = () => prisma.chat.findUnique({ where: { id }, include: { character: true, messages: true } })
  for (let n = 0; n < 4; n++) {
    const answer = await ask()
    assert.deepEqual([answer.title, answer.character.name, answer.messages], ['One', 'Bo', []])
    answer.title = answer.character.name = 'spoilt'
    answer.messages.push('spoilt')
    answer.createdAt.setFullYear(1)
  }
  await prisma.message.create({ data: { chatId: id, role: 'USER', content: 'Hello' } })
  assert.deepEqual(
    (await ask()).messages.map(({ content }) => content),
    ['Hello'],
  )
  const other = `${opened(dataDir)} prisma.character.updateMany({ data: { name: 'Ada' } }).then(() => {})`
  await ask()
  assert.equal((await run(other)).code, 0)
  assert.equal((await ask()).character.name, 'Ada')
  // By hand, as soon as the file shows it.
  const file = path.join(dataDir, 'characters', `${chat.characterId}.json`)
  const byId = async () => (await prisma.character.findUnique({ where: { id: chat.characterId } })).name
  while (!fs.existsSync(file) || !fs.readFileSync(file, 'utf8').includes('"Ada"'))
    await new Promise((resolve) => setTimeout(resolve, 20))
  for (let n = 0; n < 3; n++) assert.equal(await byId(), 'Ada')
  fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace('"Ada"', '"Eve"'))
  assert.equal(await byId(), 'Eve')
  assert.equal((await prisma.user.findUnique({ where: { id: user.id } })).email, user.email)
  await prisma.$disconnect()
})

test('so it is for a batch that was answered before', async () => {
  const prisma = client()
  const { user, chat } = await play(prisma)
  const ask = () =>
    prisma.$transaction([
      prisma.user.findUnique({ where: { id: user.id } }),
      prisma.chat.count(),
      prisma.character.findMany({ where: { userId: user.id }, include: { user: true } }),
    ])
  for (let n = 0; n < 4; n++) {
    const [found, count, characters] = await ask()
    assert.deepEqual([found, count, characters.map(({ user }) => user)], [user, 0, [user]])
    found.name = characters[0].user.name = 'spoilt'
    found.createdAt.setFullYear(1)
    characters.pop()
  }
  await prisma.chat.create({ data: chat })
  assert.equal((await ask())[1], 1)
  await prisma.character.updateMany({ data: { name: 'Eve' } })
  for (let n = 0; n < 3; n++) assert.equal((await ask())[2][0].name, 'Eve')
  await prisma.$disconnect()
})

test('a batch of reads waits for no transaction, and sees one moment', async () => {
  const prisma = client()
  const { user } = await play(prisma)
  await prisma.$transaction(async (tx) => {
    await tx.user.update({ where: { id: user.id }, data: { name: 'Eve' } })
    const [found, count] = await prisma.$transaction([
      prisma.user.findUnique({ where: { id: user.id } }),
      prisma.user.count(),
    ])
    assert.deepEqual([found.name, count], ['Ada', 1])
  })
  const failed = prisma.$transaction([prisma.user.count(), prisma.user.findUniqueOrThrow({ where: { id: 'none' } })])
  assert.equal((await failure(failed)).code, 'P2025')
  await prisma.$disconnect()
})

test('counters in many processes lose no increment', async () => {
  const dataDir = folder()
  const prisma = client({ dataDir })
  const { user } = await play(prisma)
  const image = await prisma.image.create({
    data: { userId: user.id, filename: 'f', filepath: 'f', mimeType: 'image/png', size: 0 },
  })
  const child = `${opened(dataDir)}
    const bump = () => prisma.image.update({ where: { id: ${JSON.stringify(image.id)} }, data: { size: { increment: 1 } } });
    Promise.all(Array.from({ length: 25 }, bump)).then(() => {})`
  const ended = await Promise.all([run(child), run(child), run(child)])
  assert.deepEqual(
    ended.map(({ code }) => code),
    [0, 0, 0],
  )
  assert.equal((await prisma.image.findUnique({ where: { id: image.id } })).size, 75)
  await prisma.$disconnect()
})

test('a worker shares the store, and may end with calls under way', async () => {
  const dataDir = folder()
  const prisma = client({ dataDir })
  const text = `${opened(dataDir)}
    prisma.user.create({ data: { email: 'w@example.test' } }).then(() => {
      for (let n = 0; n < 100; n++) prisma.user.count().then(() => {})
      process.exit(0)
    })`
  const code = await new Promise((resolve) => new Worker(text, { eval: true }).on('exit', resolve))
  assert.equal(code, 0)
  assert.equal(await prisma.user.count(), 1)
  await prisma.$disconnect()
})

test('while Next.js renders a page ahead of a request, no answer is there within one task', async () => {
  const dataDir = folder()
  const { code, stderr } = await run(`
    const { AsyncLocalStorage } = require('node:async_hooks')
    const work = (globalThis[Symbol('@next/work-unit-async-storage@16')] = new AsyncLocalStorage())
    ${opened(dataDir)}
    const ask = () => prisma.user.findMany()
    async function isThereAtOnce() {
      let isThere = false
      const asked = ask().then(() => (isThere = true))
      for (let n = 0; n < 100; n++) await undefined
      const wasThere = isThere
      await asked
      return wasThere
    }
    ;(async () => {
      await prisma.user.create({ data: { email: 'a@example.test' } })
      await ask()
      if (!(await isThereAtOnce())) throw new Error('memory has the answer')
      if (await work.run({ type: 'prerender' }, isThereAtOnce)) throw new Error('the page would be static')
    })()`)
  assert.deepEqual([code, stderr], [0, ''])
})

test('a client made anew at each hot reload goes on with the same data', async () => {
  const dataDir = folder()
  const text = `
    const fresh = () => { for (const key of Object.keys(require.cache)) delete require.cache[key]
      const { PrismaClient, Prisma } = require(${JSON.stringify(entry)})
      return [new PrismaClient({ dataDir: ${JSON.stringify(dataDir)} }), Prisma] }
    ;(async () => {
      const errors = []
      for (let n = 0; n < 20; n++) {
        const [prisma, Prisma] = fresh()
        await prisma.user.create({ data: { email: n + '@example.test' } })
        errors.push(await prisma.user.create({ data: { email: '0@example.test' } }).catch((error) => error))
        if (!errors.every((error) => error instanceof Prisma.PrismaClientKnownRequestError)) throw new Error('not the same class')
        if ((await prisma.user.count()) !== n + 1) throw new Error('another store')
      }
    })()`
  const { code, stderr } = await run(text)
  assert.deepEqual([code, stderr], [0, ''])
})

for (const environment of ['node', 'jsdom']) {
  test(`under Jest with ${environment}, answers and errors are of the realm of the test`, () => {
    const project = folder()
    fs.writeFileSync(path.join(project, 'package.json'), '{}')
    fs.copyFileSync(path.join(__dirname, 'fixtures/realm.js'), path.join(project, 'realm.test.js'))
    fs.mkdirSync(path.join(project, 'node_modules'))
    fs.symlinkSync(root, path.join(project, 'node_modules/quilltap-store'), 'junction')
    const argv = ['--rootDir', project, '--env', require.resolve(`jest-environment-${environment}`)]
    const ended = spawnSync(process.execPath, [path.join(root, 'node_modules/jest/bin/jest.js'), ...argv], {
      cwd: project,
      env: { ...process.env, DATA_DIR: path.join(project, 'data') },
      encoding: 'utf8',
    })
    assert.equal(ended.status, 0, ended.stdout + ended.stderr)
  })
}
