'use strict'

// What is sealed opens for its record, its owner and its use only, under the keys of today.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { createStore, QuilltapAdapter } = require('../../index.js')
const { failure, folder } = require('../package/support.cjs')

const passphrase = 'correct horse battery staple'
const kdf = { memoryKib: 19_456, passes: 2 }
const CONNECTIONS = 'settings/connection-profiles.json'

/** Changes a file of a folder as an editor would. */
function edit(dataDir, file, change) {
  const at = path.join(dataDir, file)
  const content = JSON.parse(fs.readFileSync(at, 'utf8'))
  const changed = change(content) ?? content
  fs.writeFileSync(at, `${JSON.stringify(changed, null, 2)}\n`)
}

/** A folder with two users, of whom the first has a key, and its store, closed. */
async function world() {
  const dataDir = folder()
  const open = (options) => createStore({ dataDir, passphrase, kdf, ...options })
  const store = open()
  const [alice, bob] = [
    await store.users.create({ email: 'alice@example.com' }),
    await store.users.create({ email: 'bob@example.com' }),
  ]
  const data = { userId: alice.id, provider: 'OPENAI', label: 'hers', key: 'sk-alice' }
  const { id } = await store.connections.createApiKey(data)
  await store.close()
  return { dataDir, open, alice, bob, id }
}

for (const [what, change] of [
  ['to another user', ({ bob }) => ({ userId: bob.id })],
  ['to another provider', () => ({ provider: 'OLLAMA' })],
]) {
  test(`an API key that an edit of its file gives ${what} is TAMPERED`, async () => {
    const w = await world()
    edit(w.dataDir, CONNECTIONS, (file) => void Object.assign(file.apiKeys[0], change(w)))
    const store = w.open()
    const { userId } = await store.connections.findApiKeyById(w.id)
    const error = await failure(store.connections.revealApiKey(w.id, userId))
    assert.equal(error.code, 'TAMPERED')
    assert.ok(!error.message.includes('sk-'))
    await store.close()
  })
}

test('an API key and a one-time secret that an edit puts there in clear are never given out', async () => {
  const w = await world()
  let store = w.open()
  await store.users.setTotpSecret(w.alice.id, 'JBSWY3DPEHPK3PXP')
  await store.close()
  const clear = { ciphertext: 'planted' }
  edit(w.dataDir, CONNECTIONS, (file) => void Object.assign(file.apiKeys[0], clear))
  edit(w.dataDir, 'settings/general.json', (file) => void Object.assign(file.user.totp, clear))
  store = w.open()
  for (const call of [() => store.connections.revealApiKey(w.id), () => store.users.getTotpSecret(w.alice.id)]) {
    assert.equal((await failure(call())).code, 'TAMPERED')
  }
  await store.close()
})

test('an API key that a call gives to another user, or provider, is sealed for it', async () => {
  const w = await world()
  const store = w.open()
  await store.connections.updateApiKey(w.id, { userId: w.bob.id, provider: 'GROK' })
  assert.equal(await store.connections.revealApiKey(w.id, w.bob.id), 'sk-alice')
  assert.equal(await store.connections.revealApiKey(w.id, w.alice.id), null)
  await store.close()
  // Without the passphrase that cannot be done, and everything else can.
  const locked = w.open({ passphrase: undefined })
  const error = await failure(locked.connections.updateApiKey(w.id, { userId: w.alice.id }))
  assert.equal(error.code, 'NO_PASSPHRASE')
  assert.equal((await locked.connections.updateApiKey(w.id, { label: 'his' })).label, 'his')
  await locked.close()
})

test('sealed OAuth tokens that an edit gives to another user are TAMPERED', async () => {
  const w = await world()
  const adapterOf = (store) => QuilltapAdapter(store, { encryptTokens: true })
  let store = w.open()
  const account = {
    userId: w.alice.id,
    type: 'oauth',
    provider: 'github',
    providerAccountId: '1',
    access_token: 'secret',
  }
  await adapterOf(store).linkAccount(account)
  assert.equal((await adapterOf(store).getAccount('1', 'github')).access_token, 'secret')
  await store.close()
  edit(w.dataDir, 'auth/accounts.json', (file) => {
    const accounts = Array.isArray(file) ? file : file.accounts
    accounts[0].userId = w.bob.id
  })
  store = w.open()
  assert.equal((await failure(adapterOf(store).getAccount('1', 'github'))).code, 'TAMPERED')
  await store.close()
})

test('a secret of a collection of the app is bound to the user it refers to', async () => {
  const collections = {
    notes: {
      file: 'notes/{id}.json',
      fields: { userId: { type: 'id', references: 'User' }, text: { type: 'string', secret: true } },
    },
  }
  const w = await world()
  let store = w.open({ collections })
  const { id } = await store.notes.create({ userId: w.alice.id, text: 'hers' })
  await store.close()
  edit(w.dataDir, `notes/${id}.json`, (note) => ({ ...note, userId: w.bob.id }))
  store = w.open({ collections })
  assert.equal((await failure(store.notes.reveal(id, 'text'))).code, 'TAMPERED')
  await store.close()
})

test('keys of before a rotation that are put back while the store is open seal nothing more', async () => {
  const w = await world()
  const general = path.join(w.dataDir, 'settings/general.json')
  const { encryption } = JSON.parse(fs.readFileSync(general, 'utf8'))
  let store = w.open()
  await store.secrets.rotateKey()
  assert.equal(await store.connections.revealApiKey(w.id), 'sk-alice')
  await store.flush()
  edit(w.dataDir, 'settings/general.json', (file) => ({ ...file, encryption }))
  for (let tries = 0; tries < 300; tries++) {
    const sealed = await store.encryptJson(1).catch((error) => error)
    assert.ok(sealed.code === 'TAMPERED' || !sealed.includes(encryption.currentKeyId))
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  await store.close().catch(() => {})
  store = w.open()
  assert.equal((await failure(store.encryptJson(1))).code, 'TAMPERED')
  await store.close()
})

test('keys of before a rotation that are put back while nobody looks seal nothing more', async () => {
  const w = await world()
  const general = path.join(w.dataDir, 'settings/general.json')
  const { encryption } = JSON.parse(fs.readFileSync(general, 'utf8'))
  let store = w.open()
  await store.secrets.rotateKey()
  await store.close()
  const { encryption: newest } = JSON.parse(fs.readFileSync(general, 'utf8'))
  edit(w.dataDir, 'settings/general.json', (file) => ({ ...file, encryption }))
  store = w.open()
  for (const call of [() => store.encryptJson(1), () => store.connections.revealApiKey(w.id)]) {
    const error = await failure(call())
    assert.equal(error.code, 'TAMPERED')
    assert.match(error.message, /older keys.*put the newest one back/)
  }
  assert.equal((await store.users.findAll()).length, 2)
  await store.close()
  edit(w.dataDir, 'settings/general.json', (file) => ({ ...file, encryption: newest }))
  store = w.open()
  assert.equal(await store.connections.revealApiKey(w.id), 'sk-alice')
  await store.close()
})

test('what was sealed before owner and use were bound in opens, and is bound when it is next changed', async () => {
  const { encryption, sealed } = JSON.parse(
    fs.readFileSync(path.join(__dirname, '../../tests/fixtures/sealed-1.json'), 'utf8'),
  )
  const dataDir = folder()
  let store = createStore({ dataDir })
  const [alice, bob] = [
    await store.users.create({ email: 'alice@example.com' }),
    await store.users.create({ email: 'bob@example.com' }),
  ]
  await store.connections.createApiKey({ ...sealed.apiKeys, userId: alice.id, provider: 'OPENAI', label: 'hers' })
  await store.close()
  edit(dataDir, 'settings/general.json', (file) => ({ ...file, encryption }))
  store = createStore({ dataDir, passphrase })
  const { id } = sealed.apiKeys
  assert.equal(await store.connections.revealApiKey(id), 'sk-example')
  const { ciphertext } = await store.connections.recordApiKeyUsage(id)
  assert.match(ciphertext, /^qts2\./)
  assert.equal(await store.connections.revealApiKey(id), 'sk-example')
  await store.close()
  edit(dataDir, CONNECTIONS, (file) => void (file.apiKeys[0].userId = bob.id))
  store = createStore({ dataDir, passphrase })
  assert.equal((await failure(store.connections.revealApiKey(id, bob.id))).code, 'TAMPERED')
  // A key that this version has made never opens what is not bound.
  await store.secrets.rotateKey()
  const { keys } = (await store.getSettings()).encryption
  assert.deepEqual(
    keys.map((key) => key.seals),
    [undefined, 2],
  )
  await store.close()
})
