'use strict'

// Next.js, built as `standalone` with the package installed, moved elsewhere and started.

const assert = require('node:assert/strict')
const { spawn } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { once } = require('node:events')
const { test } = require('node:test')
const { bin, folder, install, pack, root, runFile } = require('./support.cjs')

const app = path.join(__dirname, 'fixtures/next')
const next = bin('next', 'dist/bin/next')
const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production' }

/** Builds the app, and gives a copy of what may be deployed. */
async function build(flags) {
  fs.rmSync(path.join(app, '.next'), { recursive: true, force: true })
  const { code, stdout, stderr } = await runFile(next, ['build', ...flags, app], { cwd: app, env })
  assert.equal(code, 0, stdout + stderr)
  const deployed = folder()
  fs.cpSync(path.join(app, '.next/standalone'), deployed, { recursive: true })
  return path.join(deployed, path.relative(root, app), 'server.js')
}

/** Starts a server on any free port; gives its address once it listens. */
async function start(t, server, dataDir) {
  const child = spawn(process.execPath, [server], {
    env: { ...env, DATA_DIR: dataDir, PORT: '0', HOSTNAME: '127.0.0.1' },
  })
  t.after(async () => {
    child.kill('SIGKILL')
    await once(child, 'close')
  })
  let output = ''
  return new Promise((resolve, reject) => {
    const hear = (data) => {
      output += data
      const address = /http:\/\/127\.0\.0\.1:\d+/.exec(output)?.[0]
      if (address && output.includes('Ready')) resolve(address)
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.on('exit', () => reject(new Error(`the server ended: ${output}`)))
  })
}

for (const bundler of ['--turbopack', '--webpack']) {
  test(`a standalone build (${bundler}) answers from where it was moved to`, async (t) => {
    install(pack(folder()), app)
    const address = await start(t, await build([bundler]), folder())
    const create = () =>
      fetch(`${address}/api/users`, { method: 'POST', body: JSON.stringify({ email: 'a@example.org' }) })
    assert.equal((await create()).status, 201)
    assert.equal((await (await create()).json()).code, 'UNIQUE')
    assert.equal((await (await fetch(`${address}/api/users`)).json())[0].email, 'a@example.org')
    assert.match(await (await fetch(address)).text(), /users: (<!-- -->)?1/)
  })
}
