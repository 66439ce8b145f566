'use strict'

// An import that is killed at any moment goes on where it was; what it leaves is what an undisturbed one leaves.

const assert = require('node:assert/strict')
const { spawn } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { setTimeout: sleep } = require('node:timers/promises')

const { folder, program, records, run } = require('../cli/support.cjs')
const { longDump, recorded } = require('./worlds.cjs')

/** Runs an import and kills it after so many milliseconds; gives whether it had ended by then. */
function killedAfter(ms, args) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [program, ...args], { stdio: 'ignore' })
    const timer = setTimeout(() => child.kill('SIGKILL'), ms)
    child.on('exit', (code) => {
      clearTimeout(timer)
      resolve(code === 0)
    })
  })
}

/** Is a message committed that is not in the files yet? */
function isWriting(dataDir) {
  const journal = path.join(dataDir, 'journal')
  try {
    return fs.readdirSync(journal).some((name) => fs.readFileSync(path.join(journal, name)).includes('"more-'))
  } catch (error) {
    // It has no journal yet, or a segment has just come to its end.
    if (error.code !== 'ENOENT') throw error
    return false
  }
}

/** Runs an import and kills it so many milliseconds after it began to write messages; gives whether it had ended by then. */
async function killedWhileWriting(ms, dataDir, args) {
  const child = spawn(process.execPath, [program, ...args], { stdio: 'ignore' })
  const ended = once(child, 'exit')
  while (child.exitCode === null && !isWriting(dataDir)) await sleep(1)
  await Promise.race([ended, sleep(ms)])
  child.kill('SIGKILL')
  const [code] = await ended
  return code === 0
}

const exported = (dataDir) => {
  const { code, stdout, stderr } = run(['export', '--format', 'ndjson', '--out', '-', '--data-dir', dataDir])
  assert.equal(code, 0, stderr)
  return stdout.trim().split('\n').sort()
}

test('an import is killed again and again, and goes on', async () => {
  const dir = folder()
  const [source, whole, broken] = ['dump.sql', 'whole', 'broken'].map((name) => path.join(dir, name))
  longDump(source, 8000)
  const started = process.hrtime.bigint()
  assert.equal(run(['import', source, '--data-dir', whole]).code, 0)
  const took = Number(process.hrtime.bigint() - started) / 1e6
  let kills = 0
  for (let done = false; !done;) {
    // Longer each time, so that it comes to its end on any machine.
    done = await killedAfter(took * (0.3 + 0.15 * kills) * (0.5 + Math.random()), [
      'import',
      source,
      '--data-dir',
      broken,
    ])
    if (!done) kills++
  }
  assert.ok(kills > 0)
  const { code, stdout } = run(['verify', source, '--data-dir', broken, '--json'])
  assert.equal(code, 0, stdout)
  assert.deepEqual(exported(broken), exported(whole))
  const again = JSON.parse(run(['import', source, '--data-dir', broken, '--json']).stdout)
  assert.ok(again.tables.every(({ made, replaced }) => made === 0 && replaced === 0))
})

test('an import is killed while it writes, and goes on from what it had written', async () => {
  const dir = folder()
  const [source, dataDir] = ['dump.sql', 'data'].map((name) => path.join(dir, name))
  const messages = 60_000
  const all = messages + recorded.rows.Message.length
  longDump(source, messages)
  const args = ['import', source, '--data-dir', dataDir]
  const found = [0]
  // Later each time: the first kill falls upon the first messages, and one comes too late in the end.
  while (!(await killedWhileWriting(Math.random() * 60 * (found.length - 1), dataDir, args))) {
    // Its opening brings everything into the files, so what the journal holds next is new.
    const { code, stdout, stderr } = run(['ls', 'chats', '--data-dir', dataDir, '--json'])
    assert.equal(code, 0, stderr)
    found.push(records(stdout).reduce((sum, { messageCount }) => sum + messageCount, 0))
  }
  assert.ok(
    found.some((count) => count > 0 && count < all),
    String(found),
  )
  assert.deepEqual(
    found,
    found.toSorted((one, other) => one - other),
  )
  const { code, stdout } = run(['verify', source, '--data-dir', dataDir, '--json'])
  assert.equal(code, 0, stdout)
})

test('what the command line says of an import, a verification and an export', () => {
  const dir = folder()
  const [source, data, back] = ['dump.sql', 'data', 'back.sql'].map((name) => path.join(dir, name))
  longDump(source, 0)
  const dry = run(['import', source, '--data-dir', data, '--dry-run'])
  assert.equal(dry.code, 0)
  assert.match(dry.stdout, /nothing was written/)
  assert.ok(!fs.existsSync(data))
  const imported = run(['import', source, '--data-dir', data])
  assert.equal(imported.code, 0)
  assert.match(imported.stdout, /331 {2}messages +331/)
  assert.match(run(['verify', source, '--data-dir', data]).stdout, /clean: every row is the same on both sides/)
  assert.match(run(['export', '--format', 'postgres', '--out', back, '--data-dir', data]).stdout, /522 rows written/)
  fs.writeFileSync(source, fs.readFileSync(source, 'utf8').replace('Ada Quill', 'Ada Q'))
  const differs = run(['verify', source, '--data-dir', data])
  assert.equal(differs.code, 1)
  assert.match(differs.stdout, /users 02704c99-2824-4f8d-bb53-c492026c6ade differs in name/)
  assert.ok(!differs.stdout.includes('Ada'))
  const refused = run(['import', source, '--data-dir', data])
  assert.equal(refused.code, 1)
  assert.match(refused.stdout, /another User with this key is in the store already/)
  assert.equal(run(['import', path.join(dir, 'none.sql'), '--data-dir', data]).code, 3)
  assert.equal(run(['import', source, '--pepper-file', source]).code, 2)
})
