// Every command of the pages for owners is run, in the order of the page.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import quilltap from '../../index.js'

const root = join(import.meta.dirname, '../..')
const folders = []
after(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true, maxRetries: 20 })))

/** The blocks of a page: their language and text. */
function blocks(page) {
  const text = readFileSync(join(root, 'docs', page), 'utf8')
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language, block]) => ({ language, block }))
}

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
  const shown = blocks('folder.md')
    .map(({ block }) => run(folder, block))
    .join('')
  for (const part of ['Hamlet', 'Act I', 'USER: Who’s there?']) assert.ok(shown.includes(part), part)
})

test('the commands of recipes.md', { skip: skip || (has('rsync') ? false : 'needs rsync') }, async () => {
  const folder = await app()
  for (const { language, block } of blocks('recipes.md')) {
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

test('the oldest backups go', { skip: skip || (has('rsync') ? false : 'needs rsync') }, async () => {
  const folder = await app()
  const [script, shell] = ['js', 'sh'].map((wanted) =>
    blocks('recipes.md').filter(({ language }) => language === wanted),
  )
  writeFileSync(join(folder, 'snapshot.mjs'), script[0].block)
  for (let day = 1; day <= 20; day++)
    mkdirSync(join(folder, `backups/2020-01-${String(day).padStart(2, '0')}`), { recursive: true })
  run(folder, shell.find(({ block }) => block.includes('backup.sh')).block)
  const left = readdirSync(join(folder, 'backups'))
  assert.equal(left.length, 14)
  assert.equal(left[0], '2020-01-08')
})
