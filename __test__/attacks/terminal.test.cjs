'use strict'

// What names and texts do to the terminal of whoever looks at a folder: nothing.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { createStore } = require('../../index.js')
const { folder, root, runFile } = require('../package/support.cjs')

const [TITLE, CLEAR, C1, LINE] = ['\u001b]0;owned\u0007', '\u001b[2J', '\u009b31m', '\nfault forged']
const program = path.join(root, 'bin/quilltap-store.js')

test('nothing that a folder or a command is given moves the cursor, names the window or forges a line', async () => {
  const dataDir = path.join(folder(), 'data')
  const name = `Mallory${TITLE}${C1}`
  const store = createStore({ dataDir })
  const { id } = await store.users.create({ email: 'mallory@example.com', name })
  await store.close()
  const onLinux = process.platform === 'linux'
  fs.mkdirSync(path.join(dataDir, 'characters'), { mode: 0o700 })
  if (onLinux) {
    fs.writeFileSync(path.join(dataDir, `characters/a${TITLE}b${LINE}.json`), '{}')
    fs.writeFileSync(path.join(dataDir, `${CLEAR}${LINE}`), '')
  }
  fs.writeFileSync(path.join(dataDir, 'characters/c.json'), `{"version":1,"${C1}":}`)
  const dump = path.join(folder(), `dump${onLinux ? CLEAR : ''}.sql`)
  fs.writeFileSync(dump, `COPY public."Us${CLEAR}er" (id, "${C1}") FROM stdin;\n1\t${CLEAR}\n\\.\n`)
  for (const args of [
    ['check'],
    ['doctor'],
    ['stats'],
    ['ls', 'users'],
    ['get', 'users', id],
    ['get', 'users', CLEAR],
    ['query', 'users', JSON.stringify({ where: { [`n${C1}`]: 1 } })],
    ['import', dump, '--dry-run'],
    ['verify', dump],
  ]) {
    for (const json of [[], ['--json']]) {
      const { stdout, stderr } = await runFile(program, [...args, ...json, '--data-dir', dataDir])
      assert.notEqual(stdout + stderr, '', args.join(' '))
      assert.doesNotMatch(stdout + stderr, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]|^fault forged/m, args.join(' '))
    }
  }
  const { stdout } = await runFile(program, ['get', 'users', id, '--json', '--data-dir', dataDir])
  assert.equal(JSON.parse(stdout).name, name, 'programs read what is there')
})
