'use strict'

const assert = require('node:assert/strict')
const { createHash } = require('node:crypto')
const fs = require('node:fs')
const path = require('node:path')
const { Readable } = require('node:stream')
const { buffer } = require('node:stream/consumers')
const { test } = require('node:test')
const { pathToFileURL } = require('node:url')
const { createStore } = require('quilltap-store')
const { failure, folder, program, run } = require('./support.cjs')

async function open(t, dataDir = folder()) {
  const store = createStore({ dataDir, durability: 'batched' })
  t.after(() => store.close())
  const user = await store.users.create({ email: 'ann@example.org' })
  return { store, dataDir, userId: user.id }
}

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex')

/** What lies under `binaries/`, but for the rows. */
function left(dataDir) {
  const found = fs.readdirSync(path.join(dataDir, 'binaries'), { recursive: true, withFileTypes: true })
  return found.filter((entry) => entry.isFile() && entry.name !== 'index.jsonl').map((entry) => entry.name)
}

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAMAAAAECAIAAADETxJQAAAADUlEQVR4nGNgIBoAAAA0AAHVaMHHAAAAAElFTkSuQmCC',
  'base64',
)
const GIF = Buffer.from('R0lGODlhAgAFAIAAAAAAAP///yH5BAAAAAAALAAAAAACAAUAAAIDhG8FADs=', 'base64')
const WEBP = Buffer.concat([
  Buffer.from('RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0', 'latin1'),
  Buffer.from([6, 0, 0, 7, 0, 0]),
  Buffer.alloc(8),
])
const JPEG = Buffer.from([
  0xff, 0xd8, 0xff, 0xe0, 0, 16, 0x4a, 0x46, 0x49, 0x46, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0, 0xff, 0xc0, 0, 17, 8, 0, 9, 0, 8,
  3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1, 0xff, 0xd9,
])

test('bytes come from memory, a named path, a URL, streams of both kinds, a Blob and an iterable', async (t) => {
  const { store, userId } = await open(t)
  const file = path.join(folder(), 'Ann’s.bin')
  const bytes = Buffer.from('the same bytes')
  fs.writeFileSync(file, bytes)
  const iterable = async function* () {
    yield bytes.subarray(0, 3)
    yield new Uint8Array(bytes.subarray(3))
  }
  const sources = [
    bytes,
    new Uint8Array(bytes),
    new Uint8Array(bytes).buffer,
    { path: file },
    pathToFileURL(file),
    Readable.from([bytes]),
    fs.createReadStream(file),
    Readable.toWeb(fs.createReadStream(file)),
    new Blob([bytes]),
    iterable(),
  ]
  for (const source of sources) {
    const row = await store.images.put(source, { userId })
    assert.equal(row.sha256, sha256(bytes))
    assert.equal(row.size, bytes.length)
    assert.equal(row.type, 'chat_file')
    assert.deepEqual(await store.images.read(row.id), bytes)
  }
  assert.equal((await store.images.findAll())[3].filename, 'Ann’s.bin')
})

test('the same bytes lie there once', async (t) => {
  const { store, dataDir, userId } = await open(t)
  for (let at = 0; at < 3; at++) await store.images.put(Buffer.from('the same bytes'), { userId })
  assert.deepEqual(left(dataDir), ['raw'])
})

test('a buffer that the caller changes at once is stored as it was', async (t) => {
  const { store, userId } = await open(t)
  const bytes = Buffer.alloc(3_000_000, 1)
  const putting = store.images.put(bytes, { userId })
  bytes.fill(2)
  assert.deepEqual(await store.images.read((await putting).id), Buffer.alloc(3_000_000, 1))
})

test('a stream gives ranges, and waits for its reader', async (t) => {
  const { store, userId } = await open(t)
  const bytes = Buffer.from(Array.from({ length: 1_000_000 }, (_, at) => at % 251))
  const { id } = await store.images.put(bytes, { userId })
  const range = async (from) => buffer(await store.images.stream(id, from))
  assert.deepEqual(await range(), bytes)
  assert.deepEqual(await range({ start: 10, end: 19 }), bytes.subarray(10, 20))
  assert.deepEqual(await range({ start: 999_990 }), bytes.subarray(999_990))
  assert.deepEqual(await range({ end: 0 }), bytes.subarray(0, 1))
  assert.equal((await range({ start: 2_000_000 })).length, 0)
  assert.equal((await failure(store.images.stream(id, { start: -1 }))).code, 'VALIDATION')
  const slow = await store.images.stream(id)
  slow.read(0)
  await new Promise((resolve) => slow.once('readable', resolve))
  assert.ok(slow.readableLength < bytes.length, 'it does not read ahead without end')
  // One who reads goes on reading when the row goes.
  await store.images.delete(id)
  await store.flush()
  assert.deepEqual(await buffer(slow), bytes)
  assert.equal(await store.images.read(id), null)
  assert.equal(await store.images.stream(id), null)
  assert.equal(await store.images.pathOf(id), null)
})

test('a large stream takes little memory', async (t) => {
  const { store, userId } = await open(t)
  const piece = Buffer.alloc(1 << 20, 'x')
  const many = async function* () {
    for (let at = 0; at < 200; at++) yield piece
  }
  await store.images.put(many(), { userId, filename: 'warm' })
  const before = process.memoryUsage().rss
  let most = before
  const watched = async function* () {
    for (let at = 0; at < 200; at++) {
      most = Math.max(most, process.memoryUsage().rss)
      yield piece
    }
    yield Buffer.from('end')
  }
  const row = await store.images.put(watched(), { userId })
  assert.equal(row.size, 200 * (1 << 20) + 3)
  let length = 0
  for await (const part of await store.images.stream(row.id)) {
    length += part.length
    most = Math.max(most, process.memoryUsage().rss)
  }
  assert.equal(length, row.size)
  assert.ok(most - before < 64 << 20, `it grew by ${(most - before) >> 20} MiB`)
})

test('a stream that breaks leaves nothing, and its error is told', async (t) => {
  const { store, dataDir, userId } = await open(t)
  const broken = async function* () {
    yield Buffer.alloc(100_000)
    throw new Error('the guest hung up')
  }
  await assert.rejects(store.images.put(broken(), { userId }), /hung up/)
  const text = store.images.put(Readable.from(['text']), { userId })
  assert.equal((await failure(text)).code, 'VALIDATION')
  assert.deepEqual(left(dataDir), [])
  for (const source of [undefined, null, 7, {}, new URL('http://example.org/a.png')]) {
    assert.equal((await failure(store.images.put(source, { userId }))).code, 'VALIDATION')
  }
  assert.equal((await failure(store.images.put({ path: '/nowhere/at/all' }, { userId }))).code, 'IO')
  assert.equal((await failure(store.images.put({ path: dataDir }, { userId }))).code, 'IO')
  assert.equal((await failure(store.images.put(PNG))).code, 'VALIDATION')
  assert.deepEqual(await store.images.findAll(), [])
})

test('type and size are those of the bytes', async (t) => {
  const { store, userId } = await open(t)
  const of = async (bytes, claim) => {
    const row = await store.images.put(bytes, { userId, mimeType: claim })
    const { inlineSafe } = await store.images.servingOf(row.id)
    return [row.mimeType, row.width, row.height, inlineSafe]
  }
  assert.deepEqual(await of(PNG, 'text/html'), ['image/png', 3, 4, true])
  assert.deepEqual(await of(GIF), ['image/gif', 2, 5, true])
  assert.deepEqual(await of(WEBP), ['image/webp', 7, 8, true])
  assert.deepEqual(await of(JPEG), ['image/jpeg', 8, 9, true])
  const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>')
  assert.deepEqual(await of(svg, 'image/png'), ['image/svg+xml', undefined, undefined, false])
  const html = Buffer.from('<html><script>alert(1)</script>')
  assert.deepEqual(await of(html, 'image/png'), ['text/html', undefined, undefined, false])
  assert.deepEqual(await of(Buffer.alloc(0)), ['application/octet-stream', undefined, undefined, false])
  const named = await store.images.put(svg, { userId, filename: 'a "b"\r\n.svg' })
  const { headers } = await store.images.servingOf(named.id)
  assert.equal(headers['content-disposition'], "attachment; filename*=UTF-8''a%20%22b%22%0D%0A.svg")
})

test('a File names itself, and its type counts where the bytes do not tell', async (t) => {
  const { store, userId } = await open(t)
  const cases = [
    [new File(['# x'], 'name.md', { type: 'text/markdown' }), {}, 'name.md', 'text/markdown'],
    [new File([PNG], 'a.txt', { type: 'text/plain' }), {}, 'a.txt', 'image/png'],
    [new File(['x'], 'x.png', { type: 'image/png' }), {}, 'x.png', 'text/plain'],
    [new File(['x'], '../../etc/x.md', { type: 'text/markdown' }), {}, 'x.md', 'text/markdown'],
    [new File(['x'], 'C:\\docs\\x.md', { type: 'text/markdown' }), {}, 'x.md', 'text/markdown'],
    [new File(['x'], 'x.md', { type: 'text/markdown' }), { filename: 'y', mimeType: 'text/x-y' }, 'y', 'text/x-y'],
    [new File(['x'], 'x.md', { type: 'text/markdown' }), { filename: undefined }, 'x.md', 'text/markdown'],
    [new File(['x'], '', { type: '' }), {}, sha256('x').slice(0, 12), 'text/plain'],
    [new Blob(['x'], { type: 'text/markdown' }), {}, sha256('x').slice(0, 12), 'text/markdown'],
  ]
  for (const [source, data, filename, mimeType] of cases) {
    const row = await store.images.put(source, { userId, ...data })
    assert.deepEqual([row.filename, row.mimeType], [filename, mimeType])
    assert.equal((await store.images.read(row.id)).length, source.size)
  }
  const form = new FormData()
  form.set('file', new File(['# x'], 'name.md', { type: 'text/markdown' }))
  const { filename } = await store.images.put(await new Response(form).formData().then((f) => f.get('file')), {
    userId,
  })
  assert.equal(filename, 'name.md')
})

test('derived files lie beside the bytes, and everything goes with the user', async (t) => {
  const { store, dataDir, userId } = await open(t)
  const { id } = await store.images.put(PNG, { userId })
  assert.equal(await store.images.putDerived(id, 'thumb-64.gif', GIF), true)
  assert.deepEqual(await store.images.readDerived(id, 'thumb-64.gif'), GIF)
  assert.deepEqual(await buffer(await store.images.streamDerived(id, 'thumb-64.gif', { end: 5 })), GIF.subarray(0, 6))
  assert.equal(await store.images.readDerived(id, 'other.gif'), null)
  assert.equal(await store.images.putDerived('nobody', 'thumb.gif', GIF), false)
  assert.equal((await failure(store.images.putDerived(id, '../../x.gif', GIF))).code, 'VALIDATION')
  assert.equal((await failure(store.images.readDerived(id, 'raw'))).code, 'VALIDATION')
  assert.deepEqual(fs.readFileSync(await store.images.pathOf(id)), PNG)
  if (process.platform !== 'win32') {
    assert.equal(fs.statSync(await store.images.pathOf(id)).mode & 0o777, 0o600)
  }
  await store.users.delete(userId)
  await store.close()
  assert.deepEqual(left(dataDir), [])
  assert.deepEqual(fs.readdirSync(path.join(dataDir, 'binaries')), ['index.jsonl'])
})

const descriptors = '/proc/self/fd'

test('what was read is not held open', { skip: !fs.existsSync(descriptors) }, async (t) => {
  const { store, userId } = await open(t)
  const { id } = await store.images.put(PNG, { userId })
  await store.images.putDerived(id, 'thumb.gif', GIF)
  await store.images.read(id)
  const payloads = () =>
    fs.readdirSync(descriptors).filter((number) => {
      try {
        return fs.readlinkSync(path.join(descriptors, number)).includes(`${path.sep}binaries${path.sep}`)
      } catch {
        return false // It was the listing's own.
      }
    })
  for (let at = 0; at < 20; at++) {
    await store.images.read(id)
    await store.images.pathOf(id)
    await store.images.readDerived(id, 'thumb.gif')
    await buffer(await store.images.stream(id))
    const left = await store.images.stream(id)
    await new Promise((closed) => left.once('close', closed).destroy())
  }
  // The rows are a file there too.
  assert.ok(payloads().length <= 1, `${payloads().length} are open`)
})

test('a transaction takes bytes along, or leaves none', async (t) => {
  const { store, dataDir, userId } = await open(t)
  const undone = store.transaction(async (tx) => {
    const row = await tx.images.put(PNG, { userId })
    assert.deepEqual(await tx.images.read(row.id), PNG)
    throw new Error('no')
  })
  await assert.rejects(undone, /no/)
  await store.flush()
  assert.deepEqual(left(dataDir), [])
  const row = await store.transaction((tx) => tx.images.put(Readable.from([GIF]), { userId }))
  assert.deepEqual(await store.images.read(row.id), GIF)
  await store.transaction(async () => {
    assert.equal((await failure(store.images.put(GIF, { userId }))).code, 'LOCKED')
  })
})

test('a changed payload is told with its path', async (t) => {
  const { store, userId } = await open(t)
  const { id, relativePath } = await store.images.put(PNG, { userId })
  const file = await store.images.pathOf(id)
  fs.writeFileSync(file, Buffer.alloc(PNG.length, 1))
  const error = await failure(store.images.read(id))
  assert.deepEqual([error.code, error.path], ['CORRUPT', relativePath])
  await assert.rejects(buffer(await store.images.stream(id)), { code: 'CORRUPT' })
  fs.rmSync(file)
  assert.equal((await failure(store.images.stream(id))).code, 'CORRUPT')
})

test('processes that put and delete the same bytes at once lose none', async (t) => {
  const { store, dataDir, userId } = await open(t)
  const body = `(async () => {
    for (let at = 0; at < 60; at++) {
      const row = await store.images.put(Buffer.from('shared'), { userId: ${JSON.stringify(userId)} })
      const bytes = await store.images.read(row.id)
      if (String(bytes) !== 'shared') throw new Error('lost: ' + bytes)
      await store.images.delete(row.id)
      if (at % 3 === 0) await store.flush()
    }
    const last = await store.images.put(Buffer.from('shared'), { userId: ${JSON.stringify(userId)} })
    await store.close()
    console.log(last.id)
  })()`
  const ended = await Promise.all([1, 2, 3].map(() => run(program(dataDir, body))))
  for (const { code, stdout, stderr } of ended) {
    assert.equal(code, 0, stderr)
    assert.equal(String(await store.images.read(stdout.trim())), 'shared')
  }
  await store.images.deleteBySha256(sha256('shared'))
  await store.flush()
  assert.deepEqual(left(dataDir), [])
})
