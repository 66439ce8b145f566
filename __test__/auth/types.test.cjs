// The adapter's types against those of both cores.
'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { bin, folder, root, runFile } = require('../package/support.cjs')

test('the adapter goes into the options of NextAuth 4 and Auth.js 5 as it is', async () => {
  const project = folder()
  fs.mkdirSync(path.join(project, 'node_modules'))
  const link = (to, name) => fs.symlinkSync(to, path.join(project, 'node_modules', name), 'junction')
  link(root, 'quilltap-store')
  for (const name of ['next-auth', 'auth-core']) link(path.join(root, 'node_modules', name), name)
  fs.copyFileSync(path.join(__dirname, 'types/configs.ts'), path.join(project, 'configs.ts'))
  const compilerOptions = {
    strict: true,
    skipLibCheck: true,
    noEmit: true,
    target: 'es2022',
    lib: ['es2022', 'dom'],
    types: [],
    module: 'esnext',
    moduleResolution: 'bundler',
  }
  fs.writeFileSync(path.join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['configs.ts'] }))
  const { code, stdout } = await runFile(bin('typescript', 'bin/tsc'), ['-p', project], { cwd: project })
  assert.deepEqual({ code, stdout }, { code: 0, stdout: '' })
})
