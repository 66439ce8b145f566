// `quilltap-store/better-auth` as an app has it, with Better Auth installed beside the package.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import support from '../package/support.cjs'

const { bin, folder, install, pack, root, run, runFile } = support
const installed = fileURLToPath(new URL('node_modules', import.meta.url))
const project = folder()

before(() => {
  install(pack(folder()), project)
  for (const name of ['better-auth', '@better-auth']) {
    fs.symlinkSync(path.join(installed, name), path.join(project, 'node_modules', name), 'junction')
  }
})

const SIGN_UP = `
  const store = createStore({ dataDir: require('node:fs').mkdtempSync(require('node:os').tmpdir() + '/quilltap-') })
  const auth = betterAuth({ database: quilltapAdapter(store), emailAndPassword: { enabled: true }, telemetry: { enabled: false },
    secret: 'of more than thirty-two characters, for a test', baseURL: 'http://localhost:3000' })
  const { user } = await auth.api.signUpEmail({ body: { email: 'ada@example.test', password: 'correct horse', name: 'Ada' } })
  console.log((await store.users.findById(user.id)).name)
  await store.close()`

for (const [how, text] of [
  [
    'import',
    `import('quilltap-store/better-auth').then(async ({ quilltapAdapter }) => {
      const [{ createStore }, { betterAuth }] = await Promise.all([import('quilltap-store'), import('better-auth')])
      ${SIGN_UP} })`,
  ],
  [
    'require',
    `const { quilltapAdapter } = require('quilltap-store/better-auth')
     const { createStore } = require('quilltap-store')
     import('better-auth').then(async ({ betterAuth }) => { ${SIGN_UP} })`,
  ],
]) {
  test(`a person signs up over the adapter that ${how} gives`, async () => {
    const { stdout, stderr } = await run(text, { cwd: project })
    assert.equal(stdout, 'Ada\n', stderr)
  })
}

/** What Better Auth's types name that is not installed here. */
const STAND_INS =
  "declare module 'bun:sqlite' { export class Database {} }\ndeclare module 'node:sqlite' { export class DatabaseSync {} }\n"

for (const [module, moduleResolution] of [
  ['nodenext', 'nodenext'],
  ['esnext', 'bundler'],
]) {
  test(`what plugins bring is in the types of the store, strictly and with nothing skipped, as ${moduleResolution}`, async () => {
    const files = ['stand-ins.d.ts', 'store.ts']
    fs.writeFileSync(path.join(project, files[0]), STAND_INS)
    fs.copyFileSync(new URL('types/store.ts', import.meta.url), path.join(project, files[1]))
    fs.writeFileSync(path.join(project, 'package.json'), '{ "type": "module" }')
    const compilerOptions = {
      strict: true,
      skipLibCheck: false,
      noEmit: true,
      target: 'es2022',
      lib: ['es2022', 'dom'],
      typeRoots: [path.join(root, 'node_modules/@types')],
      types: ['node'],
      module,
      moduleResolution,
    }
    fs.writeFileSync(path.join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }))
    const { code, stdout } = await runFile(bin('typescript', 'bin/tsc'), ['-p', project], { cwd: project })
    assert.deepEqual({ code, stdout }, { code: 0, stdout: '' })
  })
}

test('in the edge runtime the import fails with a sentence that says what to do', async () => {
  const text = "import('quilltap-store/better-auth').catch((error) => console.log(error.message))"
  const { stdout } = await run(text, { flags: ['--conditions', 'edge-light'], cwd: project })
  assert.match(stdout, /^quilltap-store runs in Node\.js only/)
})
