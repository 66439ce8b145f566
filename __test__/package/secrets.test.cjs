// Secrets through the public API: where passphrases come from, what is told, what is not.
'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { inspect } = require('node:util')
const { createStore, StoreError } = require('../..')
const { failure, folder, program, run } = require('./support.cjs')

const kdf = { memoryKib: 19_456, passes: 2 }
const PASSPHRASE = 'correct horse'
const CLEAR = 'sk-pl4nted'

function open(t, options) {
  const store = createStore({ dataDir: folder(), kdf, ...options })
  t.after(() => store.close())
  return store
}

/** A store with a key in it, and how to open it once more. */
async function kept(t) {
  const dataDir = folder()
  const store = open(t, { dataDir, passphrase: PASSPHRASE })
  const { id: userId } = await store.users.create({ email: 'will@globe.example' })
  const { id } = await store.connections.createApiKey({ userId, provider: 'OPENAI', label: 'l', key: CLEAR })
  await store.close()
  return { userId, id, again: (options) => open(t, { dataDir, ...options }), dataDir }
}

test('a passphrase is a text, bytes, a function, a file or a variable', async (t) => {
  const { again, id } = await kept(t)
  const file = path.join(folder(), 'passphrase')
  fs.writeFileSync(file, `${PASSPHRASE}\n`)
  const set = (values) => Object.assign(process.env, values)
  t.after(() => ['QUILLTAP_PASSPHRASE_FILE', 'QUILLTAP_PASSPHRASE'].forEach((name) => delete process.env[name]))
  const bytes = new TextEncoder().encode(PASSPHRASE)
  for (const passphrase of [PASSPHRASE, bytes, () => PASSPHRASE, async () => bytes]) {
    const store = again({ passphrase })
    assert.equal(await store.connections.revealApiKey(id), CLEAR)
    await store.close()
  }
  assert.deepEqual(bytes, new TextEncoder().encode(PASSPHRASE), 'the bytes are the caller’s')
  set({ QUILLTAP_PASSPHRASE: PASSPHRASE })
  const fromVariable = again()
  assert.equal(await fromVariable.connections.revealApiKey(id), CLEAR)
  await fromVariable.close()
  set({ QUILLTAP_PASSPHRASE_FILE: file, QUILLTAP_PASSPHRASE: 'not this one' })
  const fromFile = again()
  assert.equal(await fromFile.connections.revealApiKey(id), CLEAR)
  await fromFile.close()
  const given = again({ passphrase: 'wrong' })
  assert.equal((await failure(given.connections.revealApiKey(id))).code, 'WRONG_PASSPHRASE')
  await given.close()
  set({ QUILLTAP_PASSPHRASE_FILE: `${file}.none` })
  const missing = await failure(again().connections.revealApiKey(id))
  assert.equal(missing.code, 'NO_PASSPHRASE')
  assert.match(missing.message, /QUILLTAP_PASSPHRASE_FILE \(ENOENT\)/)
})

test('a letter counts the same however it was typed', async (t) => {
  const dataDir = folder()
  const composed = open(t, { dataDir, passphrase: 'caf\u00e9' })
  const sealed = await composed.encryptJson(1)
  await composed.close()
  assert.equal(await open(t, { dataDir, passphrase: 'cafe\u0301' }).decryptJson(sealed), 1)
})

test('a byte order mark before a passphrase is no part of it', async (t) => {
  const { again, id } = await kept(t)
  const file = path.join(folder(), 'passphrase')
  fs.writeFileSync(file, `\uFEFF${PASSPHRASE}\r\n`)
  process.env.QUILLTAP_PASSPHRASE_FILE = file
  t.after(() => delete process.env.QUILLTAP_PASSPHRASE_FILE)
  for (const options of [{}, { passphrase: `\uFEFF${PASSPHRASE}` }]) {
    const store = again(options)
    assert.equal(await store.connections.revealApiKey(id), CLEAR)
    await store.close()
  }
})

test('the keys are asked for when the first secret is, once, by many calls at once', async (t) => {
  const { again, id } = await kept(t)
  let asked = 0
  const passphrase = () => {
    asked++
    return PASSPHRASE
  }
  const store = again({ passphrase })
  await store.users.findAll()
  assert.equal(asked, 0)
  assert.equal((await store.secrets.status()).unlocked, false)
  const all = await Promise.all(Array.from({ length: 50 }, () => store.connections.revealApiKey(id)))
  assert.deepEqual(new Set(all), new Set([CLEAR]))
  assert.equal(asked, 1)
})

test('locked is locked until it is unlocked on purpose', async (t) => {
  const { again, id } = await kept(t)
  const store = again({ passphrase: PASSPHRASE })
  assert.equal(await store.connections.revealApiKey(id), CLEAR)
  assert.equal(await store.secrets.lock(), null)
  const error = await failure(store.connections.revealApiKey(id))
  assert.equal(error.code, 'NO_PASSPHRASE')
  assert.match(error.message, /were locked/)
  await store.secrets.unlock()
  assert.equal(await store.connections.revealApiKey(id), CLEAR)
})

test('a passphrase is changed, forgotten, and recovered from', async (t) => {
  const { again, id } = await kept(t)
  const store = again({ passphrase: PASSPHRASE })
  const recovery = await store.secrets.createRecoveryKey()
  assert.match(recovery, /^([0-9A-HJKMNP-TV-Z]{5}-){7}[0-9A-HJKMNP-TV-Z]{5}$/)
  await store.secrets.changePassphrase(new TextEncoder().encode('battery staple'))
  await store.close()
  const forgotten = again({ passphrase: PASSPHRASE })
  assert.equal((await failure(forgotten.connections.revealApiKey(id))).code, 'WRONG_PASSPHRASE')
  await forgotten.secrets.recover(recovery.toLowerCase().replaceAll('-', ' '), 'third')
  assert.equal(await forgotten.connections.revealApiKey(id), CLEAR)
  await forgotten.close()
  assert.equal(await again({ passphrase: 'third' }).connections.revealApiKey(id), CLEAR)
})

test('a key that was moved is tampered with', async (t) => {
  const { again, userId, id } = await kept(t)
  const store = again({ passphrase: PASSPHRASE })
  const { ciphertext, iv, authTag } = await store.connections.findApiKeyById(id)
  const moved = { userId, provider: 'OPENAI', label: 'moved', ciphertext, iv, authTag }
  const { id: other } = await store.connections.createApiKey(moved)
  const error = await failure(store.connections.revealApiKey(other))
  assert.ok(error instanceof StoreError)
  assert.equal(error.code, 'TAMPERED')
})

test('bytes are sealed and opened, and belong to the caller', async (t) => {
  const store = open(t, { passphrase: PASSPHRASE })
  const clear = Buffer.alloc(3 << 20, 'pl4nted')
  const sealed = await store.encryptBuffer(clear, 'context')
  assert.ok(Buffer.isBuffer(sealed) && !sealed.includes('pl4nted'))
  assert.deepEqual(await store.decryptBuffer(sealed, 'context'), clear)
  assert.deepEqual(await store.decryptBuffer(await store.encryptBuffer(new Uint8Array())), Buffer.alloc(0))
  assert.equal((await failure(store.decryptBuffer(sealed))).code, 'TAMPERED')
  assert.equal((await failure(store.decryptBuffer(sealed.subarray(1), 'context'))).code, 'TAMPERED')
  assert.equal((await failure(store.encryptBuffer('text'))).code, 'VALIDATION')
  const value = { list: [1, null, 'ключ'], deep: { yes: true } }
  assert.deepEqual(await store.decryptJson(await store.encryptJson(value, 'c'), 'c'), value)
  assert.equal((await failure(store.decryptJson('qts1.x.y'))).code, 'TAMPERED')
})

test('a transaction can use secrets, the first one of a store too', async (t) => {
  const store = open(t, { passphrase: PASSPHRASE })
  const made = await store.transaction(async (tx) => {
    const { id: userId } = await tx.users.create({ email: 'will@globe.example' })
    const key = await tx.connections.createApiKey({ userId, provider: 'OPENAI', label: 'l', key: CLEAR })
    assert.equal(await tx.connections.revealApiKey(key.id), CLEAR)
    assert.deepEqual((await tx.users.setBackupCodes(userId, ['one'])).remaining, 1)
    assert.equal(await tx.users.consumeBackupCode(userId, 'one'), true)
    assert.equal('secrets' in tx, false)
    return { userId, id: key.id }
  })
  assert.equal(await store.connections.revealApiKey(made.id), CLEAR)
  const failed = store.transaction(async (tx) => {
    await tx.users.setTotpSecret(made.userId, 'JBSWY3DP')
    throw new Error('no')
  })
  assert.equal((await failure(failed)).message, 'no')
  assert.equal(await store.users.getTotpSecret(made.userId), null)
  // To unlock what is there waits for no transaction.
  const { again, id } = await kept(t)
  const locked = again({ passphrase: PASSPHRASE })
  await locked.transaction(async (tx) => {
    await tx.users.findAll()
    assert.equal(await locked.connections.revealApiKey(id), CLEAR)
  })
  const fresh = open(t, { passphrase: PASSPHRASE })
  await fresh.transaction(async () => {
    assert.equal((await failure(fresh.encryptJson(1))).code, 'LOCKED')
    assert.equal((await failure(fresh.secrets.unlock())).code, 'LOCKED')
  })
})

test('costs and options that cannot be are refused', () => {
  const refused = (options, message) => assert.throws(() => createStore({ dataDir: folder(), ...options }), message)
  refused({ kdf: { passes: 1 } }, { code: 'VALIDATION', message: /passes: expected 2 to 16/ })
  refused({ kdf: { kdf: 'scrypt' } }, { code: 'VALIDATION' })
  refused({ kdf: 7 }, { code: 'VALIDATION' })
  refused({ passphrase: 7 }, { code: 'VALIDATION' })
})

test('nothing that is shown, told or thrown holds a secret', async (t) => {
  const told = []
  const store = open(t, { passphrase: `${PASSPHRASE} pl4nted` })
  store.on('change', (event) => told.push(event))
  const { id: userId } = await store.users.create({ email: 'will@globe.example' })
  const key = await store.connections.createApiKey({ userId, provider: 'OPENAI', label: 'l', key: CLEAR })
  await store.connections.updateApiKey(key.id, { key: `${CLEAR} 2` })
  await store.users.setTotpSecret(userId, 'pl4nted totp')
  await store.users.setBackupCodes(userId, ['pl4nted code'])
  await store.connections.revealApiKey(key.id)
  told.push(await store.stats(), await store.secrets.status(), await store.getSettings(), await store.users.findAll())
  told.push(await store.connections.getAllApiKeys())
  const wrong = [
    store.connections.createApiKey({ userId, provider: 'OPENAI', label: 'l', key: ['pl4nted'] }),
    store.connections.createApiKey({ userId, provider: 'pl4ce', label: 7, key: 'pl4nted' }),
    store.users.setTotpSecret(userId, ['pl4nted']),
    store.users.setTotpSecret(userId, 'pl4nted', { pl4ce: 1 }),
    store.users.setBackupCodes(userId, [{ code: 'pl4nted' }]),
    store.secrets.unlock('pl4nted but wrong'),
    store.secrets.recover('pl4nted', 'pl4nted'),
    store.secrets.openLegacy({ userId, pepper: 'pl4nted', ciphertext: 'pl4nted', iv: '', authTag: '' }),
    store.decryptJson('pl4nted'),
    store.decryptBuffer(Buffer.from('pl4nted')),
  ]
  for (const { reason } of await Promise.allSettled(wrong)) {
    assert.ok(reason instanceof StoreError)
    told.push(reason, reason.stack, { ...reason })
  }
  told.push(store, createStore)
  assert.ok(told.length > 20)
  assert.ok(!inspect(told, { depth: 20, showHidden: true, maxArrayLength: null }).includes('pl4nted'))
})

test('nothing on the disk holds a secret, and only the owner may read it', async (t) => {
  const { again, dataDir, id } = await kept(t)
  const store = again({ passphrase: PASSPHRASE })
  await store.connections.updateApiKey(id, { key: `${CLEAR} 2` })
  const look = () => {
    for (const entry of fs.readdirSync(dataDir, { withFileTypes: true, recursive: true })) {
      const place = path.join(entry.parentPath, entry.name)
      if (process.platform !== 'win32') {
        assert.equal(fs.statSync(place).mode & 0o777, entry.isFile() ? 0o600 : 0o700, place)
      }
      if (entry.isFile()) assert.ok(!fs.readFileSync(place, 'latin1').match(/pl4nted|correct horse/), place)
    }
  }
  look()
  await store.secrets.rotateKey()
  look()
  await store.close()
  look()
})

test('a backup code is used up once by eight processes at once', async (t) => {
  const dataDir = folder()
  const store = open(t, { dataDir, passphrase: PASSPHRASE })
  const { id } = await store.users.create({ email: 'will@globe.example' })
  await store.users.setBackupCodes(id, ['abcd-1234', 'efgh-5678'])
  const body = `store.users.consumeBackupCode(${JSON.stringify(id)}, 'ABCD1234').then((good) => console.log(good))`
  const env = { ...process.env, QUILLTAP_PASSPHRASE: PASSPHRASE }
  const done = await Promise.all(Array.from({ length: 8 }, () => run(program(dataDir, body), { env })))
  const said = done.map(({ code, stdout, stderr }) => `${code} ${stdout.trim()}${stderr}`).sort()
  assert.deepEqual(said, [...Array(7).fill('0 false'), '0 true'])
  assert.equal((await store.users.getBackupCodes(id)).remaining, 1)
})

test('processes read and write secrets while others change the keys', async (t) => {
  const { again, dataDir, id, userId } = await kept(t)
  const store = again({ passphrase: PASSPHRASE })
  await store.connections.revealApiKey(id)
  const rotating = `(async () => { for (let n = 0; n < 20; n++) {
    await store.secrets.rotateKey(); await store.secrets.changePassphrase(${JSON.stringify(PASSPHRASE)}) } })()`
  const env = { ...process.env, QUILLTAP_PASSPHRASE: PASSPHRASE }
  let running = true
  const rotated = run(program(dataDir, rotating), { env }).finally(() => (running = false))
  const made = new Map()
  for (let n = 0; running; n++) {
    const key = { userId, provider: 'OPENAI', label: 'l', key: `key ${n}` }
    if (n < 200) made.set((await store.connections.createApiKey(key)).id, key.key)
    assert.equal(await store.connections.revealApiKey(id), CLEAR)
    await new Promise(setImmediate)
  }
  const { code, stderr } = await rotated
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
  for (const [made_, clear] of made) assert.equal(await store.connections.revealApiKey(made_), clear)
})

test('a field of a collection that is marked secret is kept sealed', async (t) => {
  const collections = {
    notes: { file: 'notes/{id}.json', fields: { title: { type: 'string' }, pin: { type: 'string', secret: true } } },
  }
  const store = open(t, { passphrase: PASSPHRASE, collections })
  const note = await store.notes.create({ title: 't', pin: '1234' })
  assert.match(note.pin, /^qts2\./)
  assert.equal(await store.notes.reveal(note.id, 'pin'), '1234')
  const bad = { file: 'b/{id}.json', fields: { pin: { type: 'integer', secret: true } } }
  assert.throws(() => createStore({ dataDir: folder(), collections: { bad } }), /only a text can be/)
})
