'use strict'

// Passphrases on the command line: from files, from standard input, and from somebody at a terminal; never shown.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { describe, test } = require('node:test')
const { createStore, env, filled, run, typed } = require('./support.cjs')

/** A store with an API key, sealed under a passphrase. */
async function sealed(passphrase) {
  const { dataDir, userId } = await filled()
  const store = createStore({ dataDir, passphrase })
  const { id } = await store.connections.createApiKey({ userId, provider: 'OPENAI', label: 'l', key: 'sk-1' })
  await store.close()
  const opens = async (other) => {
    const again = createStore({ dataDir, passphrase: other })
    const key = await again.connections.revealApiKey(id).finally(() => again.close())
    return key === 'sk-1'
  }
  return { dataDir, at: ['--data-dir', dataDir], opens, dir: path.dirname(dataDir) }
}

describe('without a terminal', () => {
  test('the passphrase is changed, by lines of standard input', async () => {
    const { at, opens } = await sealed('first')
    const files = ['--passphrase-file', '-', '--new-passphrase-file', '-']
    const { code, stderr } = run(['secrets', 'change-passphrase', ...files, ...at], { input: 'first\nsecönd\n' })
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
    assert.ok(await opens('secönd'))
    // Typed on a Mac, an ö is two characters.
    assert.ok(await opens('seco\u0308nd'))
    await assert.rejects(opens('first'), { code: 'WRONG_PASSPHRASE' })
  })

  test('the passphrase comes from the environment, as for the app', async () => {
    const { at, dir } = await sealed('first')
    fs.writeFileSync(path.join(dir, 'passphrase'), '\uFEFFfirst\r\n')
    for (const more of [{ QUILLTAP_PASSPHRASE: 'first' }, { QUILLTAP_PASSPHRASE_FILE: path.join(dir, 'passphrase') }]) {
      const { code, stdout } = run(['secrets', 'rotate', '--json', ...at], { env: more })
      assert.equal(code, 0)
      assert.deepEqual(JSON.parse(stdout), { resealed: 1, unreadable: [] })
    }
  })

  test('a recovery key is shown once, and sets another passphrase', async () => {
    const { at, opens, dir } = await sealed('first')
    const made = run(['secrets', 'create-recovery-key', '--passphrase-file', '-', ...at], { input: 'first' })
    assert.match(made.stdout, /^[0-9A-Z]{5}(-[0-9A-Z]{5})+\n$/)
    assert.match(made.stderr, /on paper/)
    assert.match(run(['secrets', 'status', ...at]).stdout, /recovery key since {2}2\d/)
    fs.writeFileSync(path.join(dir, 'key'), made.stdout)
    const files = ['--recovery-key-file', path.join(dir, 'key'), '--new-passphrase-file', '-']
    assert.equal(run(['secrets', 'recover', ...files, ...at], { input: 'third\n' }).code, 0)
    assert.ok(await opens('third'))
  })

  test('what is wrong is told, and nothing is changed', async () => {
    const { at, opens } = await sealed('first')
    const change = ['secrets', 'change-passphrase', ...at]
    const cases = [
      [change, '', /nobody is here to be asked for it: give --passphrase-file FILE/],
      [[...change, '--passphrase-file', '/nothing'], '', /cannot read the passphrase from \/nothing/],
      [[...change, '--passphrase-file', '-'], '', /- holds no passphrase/],
      [
        [...change, '--passphrase-file', '-', '--new-passphrase-file', '-'],
        'wrong\nnew\n',
        /not the passphrase of this store/,
      ],
      [
        ['secrets', 'recover', ...at, '--recovery-key-file', '-', '--new-passphrase-file', '-'],
        'ABC\nnew\n',
        /recovery key/,
      ],
    ]
    for (const [args, input, message] of cases) {
      const { code, stderr } = run(args, { input })
      assert.equal(code, 3, stderr)
      assert.match(stderr, message)
    }
    assert.ok(await opens('first'))
  })

  test('a passphrase is no argument', async () => {
    const { at } = await sealed('first')
    for (const args of [
      ['change-passphrase', 'next'],
      ['rotate', '--passphrase', 'first'],
      ['recover', 'KEY'],
    ]) {
      assert.equal(run(['secrets', ...args, ...at]).code, 2)
    }
  })
})

describe('at a terminal', { skip: process.platform === 'linux' ? false : 'script of util-linux gives it one' }, () => {
  test('it is asked for, a new one twice, and nothing of it is shown', async () => {
    const { at, opens } = await sealed('first')
    const answers = [
      ['Passphrase: ', 'first\n'],
      ['New passphrase: ', 'second\n'],
      ['New passphrase, once more: ', 'second\n'],
    ]
    const { code, shown } = await typed(['secrets', 'change-passphrase', ...at], answers)
    assert.equal(code, 0, shown)
    assert.ok(!/first|second/.test(shown), shown)
    assert.ok(await opens('second'))
  })

  test('two that differ change nothing', async () => {
    const { at, opens } = await sealed('first')
    const answers = [
      ['Passphrase: ', 'first\n'],
      ['New passphrase: ', 'second\n'],
      ['New passphrase, once more: ', 'sekond\n'],
    ]
    const { code, shown } = await typed(['secrets', 'change-passphrase', ...at], answers)
    assert.equal(code, 2, shown)
    assert.match(shown, /the two differ; nothing was changed/)
    assert.ok(await opens('first'))
  })

  test('Ctrl-C at the question exits with 130', async () => {
    const { at, opens } = await sealed('first')
    const { code, shown } = await typed(['secrets', 'rotate', ...at], [['Passphrase: ', '\u0003']])
    assert.equal(code, 130, shown)
    assert.ok(await opens('first'))
  })

  test('faults are red, unless NO_COLOR says no', async () => {
    const { at, dataDir } = await sealed('first')
    fs.writeFileSync(path.join(dataDir, 'characters/broken.json'), '{')
    const red = await typed(['check', ...at])
    assert.match(red.shown, /\u001b\[1m\u001b\[31m1 fault\u001b\[0m/)
    env.NO_COLOR = '1'
    const plain = await typed(['check', '--quiet', ...at]).finally(() => delete env.NO_COLOR)
    assert.ok(!plain.shown.includes('\u001b[31m'), plain.shown)
  })
})
