'use strict'

// A reader written from docs/secrets.md alone, with Node's own crypto: who has the passphrase can
// open the secrets without this package.

const assert = require('node:assert/strict')
const crypto = require('node:crypto')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')

const { createStore, QuilltapAdapter } = require('quilltap-store')
const { folder } = require('./support.cjs')

const PASSPHRASE = 'correct horse battery staple'

const base64 = (text) => Buffer.from(text, 'base64')
const number = (value) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
const bind = (...parts) =>
  Buffer.concat(
    parts.flatMap((part) => {
      const bytes = Buffer.from(part)
      const length = Buffer.alloc(8)
      length.writeBigUInt64BE(BigInt(bytes.length))
      return [length, bytes]
    }),
  )
const hkdf = (key, salt, info) => Buffer.from(crypto.hkdfSync('sha256', key, salt, info, 32))

function decrypt(key, nonce, associated, ciphertext, tag) {
  const cipher = crypto.createDecipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(associated)
  cipher.setAuthTag(tag)
  return Buffer.concat([cipher.update(ciphertext), cipher.final()])
}

function unwrap(under, entry, associated) {
  const wrapped = base64(entry.wrappedKey)
  const key = hkdf(under, '', 'quilltap key wrap v1')
  return decrypt(key, base64(entry.nonce), associated, wrapped.subarray(0, 32), wrapped.subarray(32))
}

/** The data keys by their ids. */
function dataKeys(encryption, passphrase) {
  const { version, storeId } = encryption
  const commitment = base64(encryption.commitment)
  const slot = encryption.slots.find(({ id }) => id === 'passphrase')
  assert.equal(slot.kdf, 'pbkdf2-sha256')
  const salt = base64(slot.salt)
  const slotKey = crypto.pbkdf2Sync(passphrase, salt, slot.iterations, 32, 'sha256')
  const check = (key) => hkdf(key, '', 'quilltap key check v1').toString('base64')
  assert.equal(check(slotKey), slot.check)

  const head = [number(version), storeId, commitment]
  const costs = bind(slot.kdf, number(slot.iterations))
  const bound = bind('quilltap slot', ...head, slot.id, slot.createdAt, costs, salt)
  const wrapping = unwrap(slotKey, slot, bound)
  assert.equal(check(wrapping), encryption.commitment)

  const ids = encryption.keys.map(({ id }) => id)
  const generation = encryption.generation === undefined ? [] : [number(encryption.generation)]
  const list = bind('quilltap keys', ...head, encryption.currentKeyId, '', ...ids, ...generation)
  assert.equal(hkdf(wrapping, '', list).toString('base64'), encryption.keysTag)

  const open = (entry) => {
    const seals = entry.seals === 2 ? ['2'] : []
    const key = unwrap(wrapping, entry, bind('quilltap data key', ...head, entry.id, entry.createdAt, ...seals))
    assert.equal(check(key), entry.commitment)
    return [entry.id, key]
  }
  return Object.fromEntries(encryption.keys.map(open))
}

/** What opens sealed values of the store with these keys. */
function reader(encryption, passphrase) {
  const keys = dataKeys(encryption, passphrase)
  const open = (kind, version, keyId, place, salt, nonce, ciphertext, tag) => {
    const bound = bind(kind, version, encryption.storeId, keyId, ...place)
    return decrypt(hkdf(keys[keyId], salt, bound), nonce, bound, ciphertext, tag).toString()
  }
  const parts = (bytes) => [bytes.subarray(0, 16), bytes.subarray(16, 28), bytes.subarray(28, -16), bytes.subarray(-16)]
  return {
    field(place, { ciphertext, iv, authTag }) {
      const [mark, keyId, text] = ciphertext.split('.')
      assert.equal(mark, 'qts2')
      const [salt, sealed] = [base64(text).subarray(0, 16), base64(text).subarray(16)]
      return open('quilltap field', '2', keyId, place, salt, base64(iv), sealed, base64(authTag))
    },
    text(kind, place, sealed) {
      const [mark, keyId, text] = sealed.split('.')
      assert.equal(mark, kind === 'quilltap json' ? 'qts1' : 'qts2')
      return open(kind, mark.slice(3), keyId, place, ...parts(base64(text)))
    },
    buffer(context, bytes) {
      assert.equal(bytes.subarray(0, 4).toString(), 'qts1')
      const hex = bytes.subarray(4, 20).toString('hex')
      const id = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
      return open('quilltap buffer', '1', id, [context], ...parts(bytes.subarray(20)))
    },
  }
}

/** What an API key is bound to besides its place. */
const ownerOf = ({ provider, userId }) => ['provider', provider, 'userId', userId]

test('the passphrase and the documentation are enough to open the documented values', () => {
  const page = fs.readFileSync(path.join(__dirname, '../../docs/secrets.md'), 'utf8')
  const blocks = [...page.matchAll(/```json\n(.*?)```/gs)].map((block) => JSON.parse(block[1]))
  const [encryption, { apiKeys, accounts, json, buffer }] = blocks
  const read = reader(encryption, PASSPHRASE)
  assert.equal(read.field(['apiKeys', apiKeys.id, 'key', ...ownerOf(apiKeys)], apiKeys), 'sk-example')
  const place = ['accounts', accounts.id, 'refresh_token', 'userId', accounts.userId]
  assert.equal(read.text('quilltap text', place, accounts.refresh_token), '1//refresh')
  assert.equal(read.text('quilltap json', ['notes'], json), '{"a":1}')
  assert.equal(read.buffer('avatar', Buffer.from(buffer, 'hex')), 'PNG')
})

test('and to open what stands in the files of a store', async () => {
  const dataDir = folder()
  const secret = { file: 'memories/{id}.json', fields: { pin: { type: 'string', secret: true } } }
  const options = { passphrase: PASSPHRASE, kdf: { kdf: 'pbkdf2-sha256' }, collections: { memories: secret } }
  const store = createStore({ dataDir, ...options })
  const adapter = QuilltapAdapter(store, { encryptTokens: true })
  const user = await adapter.createUser({ email: 'will@globe.example' })
  await adapter.linkAccount({
    userId: user.id,
    type: 'oauth',
    provider: 'globe',
    providerAccountId: '1',
    refresh_token: '1//refresh',
  })
  const key = { userId: user.id, provider: 'OPENAI', label: 'l', key: 'sk-before' }
  const { id } = await store.connections.createApiKey(key)
  await store.users.setTotpSecret(user.id, 'JBSWY3DP')
  await store.memories.create({ id: 'one', pin: '1234' })
  const json = await store.encryptJson({ a: 1 }, 'notes')
  const buffer = await store.encryptBuffer(Buffer.from('PNG'), 'avatar')
  await store.secrets.rotateKey()
  await store.connections.updateApiKey(id, { key: 'sk-after' })
  await store.close()

  const file = (name) => JSON.parse(fs.readFileSync(path.join(dataDir, name), 'utf8'))
  const settings = file('settings/general.json')
  const read = reader(settings.encryption, PASSPHRASE)
  const [apiKey] = file('settings/connection-profiles.json').apiKeys
  assert.equal(read.field(['apiKeys', id, 'key', ...ownerOf(apiKey)], apiKey), 'sk-after')
  assert.equal(read.field(['users', user.id, 'totp'], settings.user.totp), 'JBSWY3DP')
  assert.equal(read.text('quilltap text', ['memories', 'one', 'pin'], file('memories/one.json').pin), '1234')
  const [account] = file('auth/accounts.json').accounts
  const place = ['accounts', account.id, 'refresh_token', 'userId', user.id]
  assert.equal(read.text('quilltap text', place, account.refresh_token), '1//refresh')
  assert.equal(read.text('quilltap json', ['notes'], json), '{"a":1}')
  assert.equal(read.buffer('avatar', Buffer.from(buffer)), 'PNG')
})
