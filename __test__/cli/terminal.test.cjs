'use strict'

// Long work at a terminal: how far it is, and Ctrl-C in the middle of it.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { describe, test } = require('node:test')
const { longDump } = require('../transfer/worlds.cjs')
const { folder, run, typed } = require('./support.cjs')

const CTRL_C = '\u0003'

describe('at a terminal', { skip: process.platform === 'linux' ? false : 'script of util-linux gives it one' }, () => {
  const dir = folder()
  const at = (name) => path.join(dir, name)
  longDump(at('dump.sql'), 20_000)

  test('each part of the work is shown with the time that is left, and the answer alone stays', async () => {
    const { code, shown } = await typed(['import', at('dump.sql'), '--data-dir', at('data')])
    assert.equal(code, 0, shown)
    for (const part of ['Checking', 'Importing']) assert.match(shown, new RegExp(`${part} .* of 20,522 +\\d+\\w left`))
    assert.doesNotMatch(shown, / of 0 | 0\/0/, 'nothing is drawn before it is known')
    assert.match(shown, /\r\u001b\[2K +rows /, 'the bar is gone when the answer comes')
    const quiet = await typed(['verify', at('dump.sql'), '--data-dir', at('data'), '--quiet'])
    assert.doesNotMatch(quiet.shown, /Comparing/)
  })

  test('a pipe gets none of it', () => {
    const { code, stdout, stderr } = run(['import', at('dump.sql'), '--data-dir', at('piped')])
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
    assert.doesNotMatch(stdout, /\u001b|Importing/)
  })

  /** Presses Ctrl-C when a part of the work is shown; again where that came too late. Gives what was there before. */
  async function interrupted(part, args, target) {
    for (let tries = 0; tries < 20; tries++) {
      const before = fs.readdirSync(dir)
      const { code, shown } = await typed([...args, ...target(tries)], [[part, CTRL_C]])
      if (code === 0) continue
      assert.equal(code, 130, shown)
      assert.match(shown, /\ninterrupted\r?\n$/)
      return before
    }
    assert.fail('it was never in time')
  }

  test('an import that is interrupted goes on when it is started again', async () => {
    const target = (tries) => ['--data-dir', at(`stopped-${tries}`)]
    await interrupted('Importing', ['import', at('dump.sql')], target)
    const last = fs
      .readdirSync(dir)
      .filter((name) => name.startsWith('stopped-'))
      .at(-1)
    assert.equal(run(['import', at('dump.sql'), '--data-dir', at(last)]).code, 0)
    assert.equal(run(['verify', at('dump.sql'), '--data-dir', at(last)]).code, 0)
  })

  for (const [part, ...args] of [
    ['Exporting', 'export', '--format', 'postgres', '--out'],
    ['Packing', 'backup'],
  ]) {
    test(`${args[0]} leaves nothing when it is interrupted`, async () => {
      const target = (tries) => [at(`${part}-${tries}`), '--data-dir', at('data')]
      assert.deepEqual(await interrupted(part, args, target), fs.readdirSync(dir))
    })
  }
})
