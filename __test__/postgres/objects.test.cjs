// Payloads in object storage beside a database. What holds of payloads wherever they are: `package/binaries.test.cjs`.
'use strict'

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const { createHash, randomBytes } = require('node:crypto')
const { buffer } = require('node:stream/consumers')
const { after, before, test } = require('node:test')
const { createStore } = require('quilltap-store')
const { failure, root, run } = require('../package/support.cjs')
const { startObjects } = require('./objects.cjs')
const { BIN, startServer } = require('./server.cjs')

const BUCKET = 'app-images'
const PAYLOADS = `s3://${BUCKET}/of/tests`
const options = { skip: BIN === '' && 'there is no PostgreSQL server here' }
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex')
/** More than one part of an upload. */
const LARGE = randomBytes(9 << 20)

let objects
let server
let schemas = 0

before(async () => {
  if (options.skip) return
  ;[server, objects] = await Promise.all([startServer(), startObjects(BUCKET)])
  Object.assign(process.env, objects.environment)
})
after(() => setImmediate(() => process.exit()))

/** A store of its own; the database's text is asked for with `sql`. */
async function open(t, more = { payloads: PAYLOADS }) {
  const schema = `s${++schemas}`
  const database = { url: `${server.address()}?schema=${schema}`, connections: 3 }
  const store = createStore({ database, ...more })
  t.after(() => store.close())
  const { id: userId } = await store.users.create({ email: 'ann@example.org' })
  const ask = (text) => ['-X', '-q', '-At', '-d', server.address(), '-c', `SET search_path = ${schema}; ${text}`]
  const sql = (text) => execFileSync(`${BIN}/psql`, ask(text), { encoding: 'utf8' }).trim()
  return { store, database, userId, sql }
}

/** The objects of a content. */
const of = async (bytes) => (await objects.list(BUCKET)).filter((address) => address.includes(sha256(bytes)))

/** Makes the hour pass for which bytes without a place are kept. */
const anHourLater = (sql) => sql(`UPDATE ".uploads" SET at = at - interval '2 hours'`)

test('bytes are objects under their digest, once for each content', options, async (t) => {
  const { store, userId, sql } = await open(t)
  for (const bytes of [LARGE, randomBytes(1000), Buffer.alloc(0)]) {
    const pieces = async function* () {
      for (let at = 0; at < bytes.length; at += 700_000) yield bytes.subarray(at, at + 700_000)
    }
    const rows = [await store.images.put(bytes, { userId }), await store.images.put(pieces(), { userId })]
    for (const { id } of rows) {
      assert.deepEqual(await store.images.read(id), bytes)
      assert.deepEqual(await buffer(await store.images.stream(id)), bytes)
    }
    const found = await of(bytes)
    assert.equal(found.length, 1)
    assert.ok(found[0].startsWith(`${PAYLOADS}/${sha256(bytes)}/`), found[0])
  }
  assert.equal(sql('SELECT count(*) FROM ".chunks"'), '0')
  const { id } = await store.images.put(LARGE, { userId })
  const part = await buffer(await store.images.stream(id, { start: LARGE.length - 10, end: LARGE.length + 10 }))
  assert.deepEqual(part, LARGE.subarray(-10))
  await store.images.putDerived(id, 'thumb.gif', Buffer.from('small'))
  assert.equal(String(await store.images.readDerived(id, 'thumb.gif')), 'small')
})

test('what no record stands for any more goes at a compaction an hour later', options, async (t) => {
  const { store, userId, sql } = await open(t)
  const bytes = randomBytes(1000)
  const { id } = await store.images.put(bytes, { userId })
  const slow = await store.images.stream(id)
  await store.images.delete(id)
  await store.compact()
  assert.deepEqual(await buffer(slow), bytes)
  assert.equal(await store.images.read(id), null)
  assert.equal((await of(bytes)).length, 1)
  anHourLater(sql)
  await store.compact()
  assert.deepEqual(await of(bytes), [])
  assert.equal(sql('SELECT count(*) FROM ".uploads"'), '0')
})

test('what does not become a record leaves no object', options, async (t) => {
  const { store, userId } = await open(t)
  const bytes = randomBytes(1000)
  const broken = async function* () {
    yield bytes
    throw new Error('the guest hung up')
  }
  await assert.rejects(store.images.put(broken(), { userId }), /hung up/)
  assert.deepEqual(await of(bytes), [])
  assert.equal((await failure(store.images.put(bytes, { userId: 'nobody' }))).code, 'FOREIGN_KEY')
  await store.compact()
  assert.deepEqual(await of(bytes), [])
})

test('an upload that is killed leaves no record, and no object in the end', options, async (t) => {
  const { store, database, userId, sql } = await open(t)
  const bytes = randomBytes(1000)
  const body = `
    const { createStore } = require(${JSON.stringify(`${root}/index.js`)})
    const store = createStore(${JSON.stringify({ database, payloads: PAYLOADS })})
    store.transaction(async (tx) => {
      await tx.images.put(Buffer.from('${bytes.toString('hex')}', 'hex'), { userId: '${userId}' })
      process.kill(process.pid, 'SIGKILL')
    })`
  assert.equal((await run(body)).signal, 'SIGKILL')
  assert.equal(await store.images.count(), 0)
  assert.equal((await of(bytes)).length, 1)
  anHourLater(sql)
  await store.compact()
  assert.deepEqual(await of(bytes), [])
})

for (const [what, spoil] of [
  ['missing', (address) => objects.remove(address)],
  ['cut', (address) => objects.put(address, LARGE.subarray(0, 5 << 20))],
  ['cut to nothing', (address) => objects.put(address, '')],
  ['changed', (address) => objects.put(address, Buffer.alloc(LARGE.length, 1))],
]) {
  test(`an object that is ${what} is told by its address, and mended by the same bytes`, options, async (t) => {
    const { store, userId } = await open(t, { payloads: `${PAYLOADS}/${what.replaceAll(' ', '-')}` })
    const { id } = await store.images.put(LARGE, { userId })
    const [address] = (await of(LARGE)).filter((found) => found.includes(what.replaceAll(' ', '-')))
    await spoil(address)
    // One after the other: a promise that fails before anybody waits for it fails the test.
    for (const read of [() => store.images.read(id), () => store.images.stream(id).then(buffer)]) {
      const error = await failure(read())
      assert.deepEqual([error.code, error.path], ['CORRUPT', address])
      assert.ok(error.message.includes(address), error.message)
    }
    // One of the right length is not read to see whether it is the right one.
    if (what === 'changed') return
    await store.images.put(LARGE, { userId })
    assert.deepEqual(await store.images.read(id), LARGE)
  })
}

test('stores with and without object storage read what either has kept', options, async (t) => {
  const { store, database, userId } = await open(t)
  const there = await store.images.put(LARGE, { userId })
  await store.close()
  const without = createStore({ database })
  t.after(() => without.close())
  assert.deepEqual(await without.images.read(there.id), LARGE)
  const here = await without.images.put(Buffer.from('in the database'), { userId })
  assert.deepEqual(await of(Buffer.from('in the database')), [])
  const again = createStore({ database, payloads: PAYLOADS })
  t.after(() => again.close())
  assert.equal(String(await again.images.read(here.id)), 'in the database')
})

test('processes that put and delete the same bytes at once lose none', options, async (t) => {
  const { store, database, userId, sql } = await open(t)
  const body = `(async () => {
    const { createStore } = require(${JSON.stringify(`${root}/index.js`)})
    const store = createStore(${JSON.stringify({ database, payloads: PAYLOADS })})
    for (let at = 0; at < 20; at++) {
      const row = await store.images.put(Buffer.from('shared'), { userId: '${userId}' })
      if (String(await store.images.read(row.id)) !== 'shared') throw new Error('lost')
      await store.images.delete(row.id)
      if (at % 3 === 0) await store.compact()
    }
    console.log((await store.images.put(Buffer.from('shared'), { userId: '${userId}' })).id)
    await store.close()
  })()`
  for (const { code, stdout, stderr } of await Promise.all([run(body), run(body), run(body)])) {
    assert.equal(code, 0, stderr)
    assert.equal(String(await store.images.read(stdout.trim())), 'shared')
  }
  anHourLater(sql)
  await store.compact()
  assert.equal((await of(Buffer.from('shared'))).length, 1)
})

test('a bucket that is not there, or a server, is told, and nothing is kept', options, async (t) => {
  const { store, userId } = await open(t, { payloads: 's3://no-such-bucket' })
  const missing = await failure(store.images.put(Buffer.from('x'), { userId }))
  assert.equal(missing.code, 'IO')
  assert.match(missing.message, /^cannot write s3:\/\/no-such-bucket\/[0-9a-f]{64}\/.*NoSuchBucket/s)
  const { store: other, userId: another } = await open(t)
  const { id } = await other.images.put(Buffer.from('y'), { userId: another })
  objects.kill()
  for (const call of [other.images.put(Buffer.from('z'), { userId: another }), other.images.read(id)]) {
    const away = await failure(call)
    assert.equal(away.code, 'IO')
    assert.match(away.message, /^cannot (write|read) s3:\/\/app-images\/of\/tests\//)
    assert.ok(!away.message.includes('geheim'))
  }
  assert.equal(await other.images.count(), 1)
})

for (const [what, given, expected] of [
  ['no address', { payloads: 'app-images' }, /payloads: expected 's3:/],
  ['object storage for a folder', { database: undefined, payloads: PAYLOADS }, /payloads: expected nothing without/],
]) {
  test(`${what} is refused`, () => {
    const options = { database: 'postgresql://localhost/x', ...given }
    assert.throws(() => createStore(options), { code: 'VALIDATION', message: expected })
  })
}
