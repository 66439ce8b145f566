'use strict'

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { pathToFileURL } = require('node:url')
const { folder, program, run } = require('./support.cjs')

const user = `store.users.create({ email: 'a@example.org' })`

async function ends(body, flags) {
  const result = await run(program(folder(), body), { flags, timeout: 20_000 })
  assert.equal(result.signal, null, `did not end by itself: ${result.stderr}`)
  assert.equal(result.stderr, '')
  return result
}

test('a store that was never used keeps no process alive', async (t) => {
  assert.equal((await ends('')).code, 0)
})

test('an open store keeps no process alive', async (t) => {
  const { code, stdout } = await ends(`store.open().then(() => console.log('open'))`)
  assert.deepEqual({ code, stdout }, { code: 0, stdout: 'open\n' })
})

test('a listener keeps no process alive', async (t) => {
  const { stdout } = await ends(
    `store.on('change', ({ type, model }) => console.log(type, model)); ${user}.then(() => console.log('made'))`,
  )
  assert.match(stdout, /made/)
})

test('a call under way keeps the process alive until it has ended', async (t) => {
  const { stdout } = await ends(`${user}.then(({ email }) => console.log(email))`)
  assert.equal(stdout, 'a@example.org\n')
})

test('an await as the last statement of a module completes', async (t) => {
  const { index } = require('./support.cjs')
  const text = `import quilltap from ${JSON.stringify(pathToFileURL(index))}
    const store = quilltap.createStore({ dataDir: ${JSON.stringify(folder())} })
    await store.users.create({ email: 'a@example.org' })
    await store.transaction(async (tx) => { await tx.tags.findAll() })
    await store.close()
    console.log('done')`
  const { code, stdout } = await run(text, { flags: ['--input-type=module'], timeout: 20_000 })
  assert.deepEqual({ code, stdout }, { code: 0, stdout: 'done\n' })
})

test('process.exit with calls under way is clean, and what was acknowledged stays', async (t) => {
  const dataDir = folder()
  const body = `
    (async () => {
      const { id } = await ${user}
      for (let at = 0; at < 500; at++) store.tags.create({ userId: id, name: 'tag ' + at })
      await store.tags.create({ userId: id, name: 'acknowledged' })
      for (let at = 0; at < 500; at++) store.tags.create({ userId: id, name: 'later ' + at })
      process.exit(7)
    })()`
  const { code, signal, stderr } = await run(program(dataDir, body))
  assert.deepEqual({ code, signal, stderr }, { code: 7, signal: null, stderr: '' })
  const again = await run(program(dataDir, `store.tags.count().then((count) => console.log(count >= 501))`))
  assert.equal(again.stdout, 'true\n')
})

test('the end of a process without close leaves nothing behind that keeps the next from opening', async (t) => {
  const dataDir = folder()
  await run(program(dataDir, `${user}`))
  const { stdout } = await run(program(dataDir, `store.users.findAll().then((users) => console.log(users.length))`))
  assert.equal(stdout, '1\n')
})

test('a handle that nobody holds is freed, closed or not', async (t) => {
  const dataDir = folder()
  const body = `
    let freed = 0
    const registry = new FinalizationRegistry(() => freed++)
    async function use(close) {
      const short = createStore({ dataDir: ${JSON.stringify(dataDir)} })
      registry.register(short, 0)
      await short.users.findAll()
      if (close) await short.close()
    }
    (async () => {
      for (let at = 0; at < 50; at++) await use(at % 2 === 0)
      for (let at = 0; at < 100 && freed < 49; at++) { gc(); await new Promise(setImmediate) }
      console.log(freed >= 49, (await store.users.findAll()).length)
    })()`
  assert.equal((await ends(body, ['--expose-gc'])).stdout, 'true 0\n')
})
