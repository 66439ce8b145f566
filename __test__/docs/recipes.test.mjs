// Every command of the pages for owners is run, in the order of the page.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import quilltap from '../../index.js'
import { blocks, root } from './pages.mjs'

const folders = []
after(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true, maxRetries: 20 })))

/** The folder of an app, with some data. */
async function app() {
  const folder = mkdtempSync(join(tmpdir(), 'quilltap-'))
  folders.push(folder)
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(root, join(folder, 'node_modules/quilltap-store'))
  const store = quilltap.createStore({ dataDir: join(folder, 'data') })
  const { id: userId } = await store.users.create({ email: 'a@example.org' })
  const profile = { userId, name: 'p', provider: 'OLLAMA', modelName: 'm' }
  const { id: connectionProfileId } = await store.connections.create(profile)
  const texts = { description: 'sees a ghost', personality: '', scenario: '', firstMessage: '' }
  const { id: characterId } = await store.characters.create({ userId, name: 'Hamlet', ...texts })
  const chat = await store.chats.create({ userId, characterId, connectionProfileId, title: 'Act I' })
  await store.chats.addMessage(chat.id, { role: 'USER', content: 'Who’s there?' })
  await store.close()
  return folder
}

function run(cwd, script) {
  const env = { ...process.env, HOME: cwd, GIT_CONFIG_NOSYSTEM: '1' }
  for (const who of ['AUTHOR', 'COMMITTER']) {
    env[`GIT_${who}_NAME`] = 'Ada'
    env[`GIT_${who}_EMAIL`] = 'ada@example.org'
  }
  return execFileSync('bash', ['-euo', 'pipefail', '-c', script], { cwd, env, encoding: 'utf8' })
}

const has = (program) => {
  try {
    return execFileSync('which', [program], { stdio: 'ignore' }) !== undefined
  } catch {
    return false
  }
}

/** What a store on a folder shows. */
async function names(dataDir) {
  const store = quilltap.createStore({ dataDir })
  const found = (await store.characters.findAll()).map(({ name }) => name)
  assert.deepEqual((await store.stats()).faults, [])
  await store.close()
  return found
}

const skip = process.platform === 'win32' ? 'the pages are for a shell' : false

test('the commands of folder.md', { skip: skip || (has('jq') ? false : 'needs jq') }, async () => {
  const folder = await app()
  const shown = blocks('docs/folder.md')
    .map(({ block }) => run(folder, block))
    .join('')
  for (const part of ['Hamlet', 'Act I', 'USER: Who’s there?']) assert.ok(shown.includes(part), part)
})

test('the commands of recipes.md', { skip: skip || (has('rsync') ? false : 'needs rsync') }, async () => {
  const folder = await app()
  for (const { language, block } of blocks('docs/recipes.md')) {
    if (language === 'js') writeFileSync(join(folder, block.match(/^\/\/ (\S+)/)[1]), block)
    if (language === 'sh') run(folder, block)
    if (language === 'cron') assert.match(block, /^0 3 \* \* \* {2}sh \S+backup\.sh$/m)
  }
  const backups = readdirSync(join(folder, 'backups'))
  assert.equal(backups.length, 2)
  assert.deepEqual(readdirSync(join(folder, 'elsewhere')), backups)
  const copies = ['data', 'data-old', 'data-copy', 'new-machine/data', `elsewhere/${backups[0]}`]
  for (const place of copies) assert.deepEqual(await names(join(folder, place)), ['Hamlet'], place)
  const log = run(folder, 'git --git-dir=history.git log --format=%s --name-only')
  assert.match(log, /settings\/general\.json/)
  assert.doesNotMatch(log, /auth\/|cache\/|journal\//)
})

test('the program of coming-from.md brings the bytes of images in, and may be run again', { skip }, async () => {
  const folder = await app()
  cpSync(join(root, 'tests/fixtures/older/t'), join(folder, 'older'), { recursive: true })
  const bytes = Buffer.from('an image of the older store')
  const rows = join(folder, 'older/binaries/index.jsonl')
  const [first] = readFileSync(rows, 'utf8').split('\n')
  const row = {
    ...JSON.parse(first),
    id: 'mine',
    size: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
  }
  appendFileSync(rows, `${JSON.stringify(row)}\n`)
  mkdirSync(join(folder, 'public', dirname(row.relativePath)), { recursive: true })
  writeFileSync(join(folder, 'public', row.relativePath), bytes)
  const [program, command] = ['js', 'sh'].map(
    (wanted) => blocks('docs/coming-from.md').find(({ language }) => language === wanted).block,
  )
  writeFileSync(join(folder, 'bring-in-uploads.mjs'), program)
  const before = await images(join(folder, 'older'))
  for (const time of [1, 2]) {
    run(folder, command.replace('data public', 'older public'))
    const after = await images(join(folder, 'older'))
    assert.deepEqual(Object.keys(after), Object.keys(before), `rows are as they were, time ${time}`)
    assert.equal(after.mine, bytes.toString())
  }
})

/** The bytes of every image, or why there are none. */
async function images(dataDir) {
  const store = quilltap.createStore({ dataDir })
  const read = async ({ id }) => [id, await store.images.read(id).then(String, ({ code }) => code)]
  const found = Object.fromEntries(await Promise.all((await store.images.findAll()).map(read)))
  await store.close()
  return found
}

test('the oldest backups go', { skip: skip || (has('rsync') ? false : 'needs rsync') }, async () => {
  const folder = await app()
  const [script, shell] = ['js', 'sh'].map((wanted) =>
    blocks('docs/recipes.md').filter(({ language }) => language === wanted),
  )
  writeFileSync(join(folder, 'snapshot.mjs'), script[0].block)
  for (let day = 1; day <= 20; day++)
    mkdirSync(join(folder, `backups/2020-01-${String(day).padStart(2, '0')}`), { recursive: true })
  run(folder, shell.find(({ block }) => block.includes('backup.sh')).block)
  const left = readdirSync(join(folder, 'backups'))
  assert.equal(left.length, 14)
  assert.equal(left[0], '2020-01-08')
})
