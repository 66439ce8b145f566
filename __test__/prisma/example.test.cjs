'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const ts = require('typescript')
const { folder, root, run } = require('./support.cjs')

const example = path.join(root, 'examples/prisma')

/** The example in a folder of its own, as JavaScript, with the package beside it. */
function compiled() {
  const place = folder()
  for (const name of ['app.ts', 'lib/prisma.ts']) {
    const text = fs.readFileSync(path.join(example, name), 'utf8')
    const { outputText } = ts.transpileModule(text, {
      compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
    })
    fs.mkdirSync(path.join(place, path.dirname(name)), { recursive: true })
    fs.writeFileSync(path.join(place, name.replace(/ts$/, 'js')), outputText)
  }
  fs.mkdirSync(path.join(place, 'node_modules'))
  fs.symlinkSync(root, path.join(place, 'node_modules/quilltap-store'), 'junction')
  return place
}

test('the example runs, and its data is on the disk', async () => {
  const place = compiled()
  const { code, stdout, stderr } = await run(
    `require('./app.js').main().then((chats) => console.log(JSON.stringify(chats)))`,
    { cwd: place },
  )
  assert.deepEqual([code, stderr], [0, ''])
  assert.deepEqual(JSON.parse(stdout), [
    {
      title: 'Elsinore',
      character: { name: 'Hamlet' },
      messages: [
        { role: 'ASSISTANT', content: 'Well?' },
        { role: 'USER', content: 'Who is there?' },
      ],
      _count: { messages: 2 },
    },
  ])
  assert.ok(fs.existsSync(path.join(place, 'data/journal')))
})

test('the diff leads to the example', () => {
  const diff = fs.readFileSync(path.join(example, 'switch.diff'), 'utf8')
  const after = diff
    .slice(0, diff.indexOf('--- a/next.config.ts'))
    .split('\n')
    .slice(3)
    .filter((line) => line !== '' && !line.startsWith('-'))
    .map((line) => line.slice(1))
  assert.equal(`${after.join('\n')}\n`, fs.readFileSync(path.join(example, 'lib/prisma.ts'), 'utf8'))
})
