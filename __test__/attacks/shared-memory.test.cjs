'use strict'

// The one file that is mapped into memory: neither a full disk nor a cut file may end the process.

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const { randomBytes } = require('node:crypto')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { createStore } = require('../../index.js')
const { failure, folder, program, run } = require('../package/support.cjs')

const words = (dataDir) => path.join(dataDir, 'cache/words')
const alice = { email: 'alice@example.com' }

/** A disk of its own; `undefined`, and the test is skipped, where nobody may mount one. */
function smallDisk(t, size) {
  const at = folder()
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', at], { stdio: 'ignore' })
  } catch {
    return t.skip('needs the right to mount a file system')
  }
  t.after(() => execFileSync('umount', ['-l', at]))
  return at
}

/** Takes all the room that is left. */
function fill(disk) {
  const file = fs.openSync(path.join(disk, 'filler'), 'w')
  try {
    for (;;) fs.writeSync(file, Buffer.alloc(4096))
  } catch (error) {
    assert.equal(error.code, 'ENOSPC')
  } finally {
    fs.closeSync(file)
  }
}

test('opening on a full disk is NO_SPACE, and works once there is room', async (t) => {
  const disk = smallDisk(t, '512k')
  if (!disk) return
  const dataDir = path.join(disk, 'data')
  const create = `store.users.create(${JSON.stringify(alice)}).then(() => store.close())`
  assert.equal((await run(program(dataDir, create))).code, 0)
  fs.rmSync(words(dataDir))
  fill(disk)
  const open = `store.users.findAll().then((users) => console.log(users.length), (error) => console.log(error.code))`
  const full = await run(program(dataDir, open))
  assert.deepEqual([full.signal, full.stdout.trim()], [null, 'NO_SPACE'], full.stderr)
  fs.rmSync(path.join(disk, 'filler'))
  assert.equal((await run(program(dataDir, open))).stdout.trim(), '1')
})

/** Writes to the beginning of a file. */
function overwrite(file, bytes) {
  const opened = fs.openSync(file, 'r+')
  fs.writeSync(opened, bytes, 0, bytes.length, 0)
  fs.closeSync(opened)
}

for (const [how, spoil, alone] of [
  ['cut to nothing', (file) => fs.truncateSync(file, 0)],
  ['cut to a part', (file) => fs.truncateSync(file, 60)],
  ['filled with zeros', (file) => fs.writeFileSync(file, Buffer.alloc(4096))],
  ['filled with anything', (file) => fs.writeFileSync(file, randomBytes(4096))],
  ['told of more than a journal can hold', (file) => overwrite(file, Buffer.alloc(8, 0xff))],
  ['overwritten with that of another day', (file, older) => fs.copyFileSync(older, file), 'nobody comes meanwhile'],
]) {
  test(`the shared memory is ${how} while the store is open: an error, and nothing is lost`, async () => {
    const [dataDir, older] = [folder(), path.join(folder(), 'words')]
    let store = createStore({ dataDir })
    await store.users.create(alice)
    fs.copyFileSync(words(dataDir), older)
    await store.close()
    store = createStore({ dataDir })
    const user = await store.users.findByEmail(alice.email)
    // Still in the journal alone.
    await store.tags.create({ userId: user.id, name: 'kept' })
    spoil(words(dataDir), older)
    for (const call of [() => store.tags.findAll(), () => store.tags.create({ userId: user.id, name: 'more' })]) {
      const error = await failure(call())
      assert.equal(error.code, 'IO')
      assert.match(error.message, /cache\/words.*close the store in all of them, then open it/s)
    }
    // Another process that comes now must not begin anew while this one has not left.
    if (!alone) {
      const late = await run(program(dataDir, `store.tags.findAll().catch((error) => console.log(error.code))`))
      assert.deepEqual([late.signal, late.stdout.trim()], [null, 'IO'], late.stderr)
    }
    await store.close().catch((error) => assert.equal(error.code, 'IO'))
    store = createStore({ dataDir })
    assert.deepEqual(
      (await store.tags.findAll()).map((tag) => tag.name),
      ['kept'],
    )
    await store.close()
  })
}
