'use strict'

// A reader written from docs/secrets.md alone, with Node's own crypto: who has the passphrase can
// open the secrets without this package.

const assert = require('node:assert/strict')
const crypto = require('node:crypto')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')

const page = fs.readFileSync(path.join(__dirname, '../../docs/secrets.md'), 'utf8')
const [encryption, sealed] = [...page.matchAll(/```json\n(.*?)```/gs)].map((block) => JSON.parse(block[1]))

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

function dataKey(passphrase) {
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
  const list = bind('quilltap keys', ...head, encryption.currentKeyId, '', ...ids)
  assert.equal(hkdf(wrapping, '', list).toString('base64'), encryption.keysTag)

  const entry = encryption.keys.find(({ id }) => id === encryption.currentKeyId)
  const key = unwrap(wrapping, entry, bind('quilltap data key', ...head, entry.id, entry.createdAt))
  assert.equal(check(key), entry.commitment)
  return key
}

test('the passphrase and the documentation are enough to open what is sealed', () => {
  const key = dataKey('correct horse battery staple')
  const open = (kind, keyId, place, salt, nonce, ciphertext, tag) => {
    const bound = bind(kind, '1', encryption.storeId, keyId, ...place)
    return decrypt(hkdf(key, salt, bound), nonce, bound, ciphertext, tag).toString()
  }
  const parts = (bytes) => [bytes.subarray(0, 16), bytes.subarray(16, 28), bytes.subarray(28, -16), bytes.subarray(-16)]

  const { ApiKey, Account, json, buffer } = sealed
  const [mark, keyId, text] = ApiKey.key.ciphertext.split('.')
  assert.equal(mark, 'qts1')
  const [salt, ciphertext] = [base64(text).subarray(0, 16), base64(text).subarray(16)]
  const [iv, tag] = [base64(ApiKey.key.iv), base64(ApiKey.key.authTag)]
  const place = ['ApiKey', ApiKey.id, 'key']
  assert.equal(open('quilltap field', keyId, place, salt, iv, ciphertext, tag), 'sk-example')

  const [, tokenKey, token] = Account.refresh_token.split('.')
  const account = ['Account', Account.id, 'refresh_token']
  assert.equal(open('quilltap text', tokenKey, account, ...parts(base64(token))), '1//refresh')

  const [, jsonKey, notes] = json.split('.')
  assert.equal(open('quilltap json', jsonKey, ['notes'], ...parts(base64(notes))), '{"a":1}')

  const bytes = Buffer.from(buffer, 'hex')
  assert.equal(bytes.subarray(0, 4).toString(), 'qts1')
  const hex = bytes.subarray(4, 20).toString('hex')
  const id = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
  assert.equal(open('quilltap buffer', id, ['avatar'], ...parts(bytes.subarray(20))), 'PNG')
})
