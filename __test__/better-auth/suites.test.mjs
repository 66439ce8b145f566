// Better Auth's own suites for adapters, each with tokens in clear and with tokens sealed and hashed.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { test } from 'node:test'

const here = fileURLToPath(new URL('.', import.meta.url))
const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url))

function runSuites(env) {
  const args = [vitest, 'run', '--root', here, '--reporter=dot', '--silent']
  const child = spawn(process.execPath, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  child.stdout.on('data', (data) => (output += data))
  child.stderr.on('data', (data) => (output += data))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, output }))
  })
}

for (const [how, env] of [
  ['with tokens in clear', {}],
  ['with tokens sealed and hashed', { QUILLTAP_SEALED: 'yes' }],
]) {
  test(`Better Auth's suites for adapters pass, ${how}`, async () => {
    const { code, output } = await runSuites(env)
    assert.equal(code, 0, output)
    assert.match(output, /\d{3} passed/)
  })
}
