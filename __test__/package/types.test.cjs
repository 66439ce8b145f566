'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { bin, folder, install, pack, root, runFile } = require('./support.cjs')

const samples = path.join(__dirname, 'fixtures/types')
const tarball = pack(folder())

/** Compiles samples in a project that has the package installed, and nothing else but what is named. */
async function compile(files, options, beside = []) {
  const project = folder()
  install(tarball, project)
  for (const name of beside)
    fs.symlinkSync(path.join(root, 'node_modules', name), path.join(project, 'node_modules', name))
  for (const file of files) fs.copyFileSync(path.join(samples, file), path.join(project, file))
  const compilerOptions = { strict: true, noEmit: true, target: 'es2022', lib: ['es2022'], types: [], ...options }
  fs.writeFileSync(path.join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }))
  const { code, stdout } = await runFile(bin('typescript', 'bin/tsc'), ['-p', project], { cwd: project })
  assert.deepEqual({ code, stdout }, { code: 0, stdout: '' })
}

for (const [module, moduleResolution] of [
  ['node16', 'node16'],
  ['esnext', 'bundler'],
  ['commonjs', 'node10'],
]) {
  test(`the types compile strictly with nothing skipped, as ${moduleResolution}`, () =>
    compile(['use.ts', 'mistakes.ts'], { skipLibCheck: false, module, moduleResolution }))
  test(`the types of Prisma's client do, as ${moduleResolution}`, () =>
    compile(['prisma.ts'], { skipLibCheck: false, module, moduleResolution }))
}

test('the types compile with exact optional properties', () =>
  compile(['use.ts', 'mistakes.ts'], {
    skipLibCheck: false,
    module: 'nodenext',
    moduleResolution: 'nodenext',
    exactOptionalPropertyTypes: true,
    lib: ['esnext'],
  }))

// The libraries' own types do not compile when they are looked at.
test('the adapter is assignable to that of NextAuth 4 and of Auth.js 5', () =>
  compile(
    ['adapters.ts'],
    { skipLibCheck: true, module: 'esnext', moduleResolution: 'bundler', lib: ['es2022', 'dom'] },
    ['next-auth', 'auth-core'],
  ))

test('publint and are-the-types-wrong find nothing', async () => {
  const lint = await runFile(bin('publint', 'src/cli.js'), ['run', tarball, '--strict'], { cwd: root })
  assert.equal(lint.code, 0, lint.stdout + lint.stderr)
  const wrong = await runFile(bin('@arethetypeswrong/cli', 'dist/index.js'), [tarball, '--no-color', '--quiet'], {
    cwd: root,
  })
  assert.equal(wrong.code, 0, wrong.stdout + wrong.stderr)
})
