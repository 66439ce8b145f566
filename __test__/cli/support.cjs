'use strict'

// The command line as somebody types it, and folders to try it on.

const { execFile, spawn, spawnSync } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { after } = require('node:test')

const root = path.join(__dirname, '../..')
const program = path.join(root, 'bin/quilltap-store.js')
const { createStore } = require(root)

const made = []
after(() => made.forEach((dir) => fs.rmSync(dir, { recursive: true, force: true })))

/** An empty folder of this test's own. */
function folder() {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'quilltap-cli-'))
  made.push(dir)
  return dir
}

/** What the environment says to no test: whatever it is to hear, the test gives it. */
const { DATA_DIR, NO_COLOR, QUILLTAP_PASSPHRASE, QUILLTAP_PASSPHRASE_FILE, ...env } = process.env

/** Runs the command line to its end; gives what came of it. */
function run(args, { input = '', cwd = root, ...more } = {}) {
  const options = { input, cwd, encoding: 'utf8', env: { ...env, ...more.env }, maxBuffer: 1 << 28 }
  const { status, signal, stdout, stderr, error } = spawnSync(process.execPath, [program, ...args], options)
  if (error) throw error
  return { code: status, signal, stdout, stderr }
}

/** The same while this process goes on. */
function start(args, { cwd = root, ...more } = {}) {
  return new Promise((resolve) => {
    const options = { cwd, encoding: 'utf8', env: { ...env, ...more.env }, maxBuffer: 1 << 28 }
    execFile(process.execPath, [program, ...args], options, (error, stdout, stderr) =>
      resolve({ code: error ? error.code : 0, stdout, stderr }),
    )
  })
}

/** Types lines at a terminal, each once what it answers is shown; gives all that was. */
async function typed(args, answers = []) {
  const words = [process.execPath, program, ...args].map((word) => `'${word}'`).join(' ')
  // `script` gives it a terminal, as which nothing here can pose.
  const child = spawn('script', ['-qec', words, '/dev/null'], { env, stdio: 'pipe' })
  let shown = ''
  child.stdout.on('data', (text) => {
    shown += text
    const [prompt, answer] = answers[0] ?? []
    if (prompt === undefined || !shown.split('\n').pop().includes(prompt)) return
    answers.shift()
    child.stdin.write(answer)
  })
  const [code] = await once(child, 'exit')
  return { code, shown }
}

/** A data folder with one of everything, closed. */
async function filled(dataDir = path.join(folder(), 'data'), options = {}) {
  const store = createStore({ dataDir, ...options })
  const user = await store.users.create({ email: 'a@example.org' })
  const userId = user.id
  const words = { description: 'd', personality: 'p', scenario: 's', firstMessage: 'Hello' }
  const character = await store.characters.create({ userId, name: 'Ada', ...words })
  const profile = await store.connections.create({ userId, name: 'c', provider: 'OPENAI', modelName: 'm' })
  const chat = await store.chats.create({
    userId,
    characterId: character.id,
    connectionProfileId: profile.id,
    title: 'One',
  })
  const message = await store.chats.addMessage(chat.id, { role: 'USER', content: 'Hi' })
  const image = await store.images.put(Buffer.from('not really a picture'), {
    userId,
    type: 'image',
    filename: 'a.png',
  })
  await store.close()
  return { dataDir, userId, character, chat, message, image }
}

/** Every file below a folder with its bytes, but for what only a folder in use needs. */
function contents(dir, { except = ['cache', 'journal'] } = {}) {
  const all = {}
  const walk = (at) => {
    for (const entry of fs.readdirSync(path.join(dir, at), { withFileTypes: true })) {
      const name = path.posix.join(at, entry.name)
      if (except.includes(name)) continue
      if (entry.isDirectory()) walk(name)
      else all[name] = fs.readFileSync(path.join(dir, name), 'latin1')
    }
  }
  walk('')
  return all
}

const lines = (text) => text.trim().split('\n').filter(Boolean)
const records = (text) => lines(text).map((line) => JSON.parse(line))

module.exports = { contents, createStore, env, filled, folder, lines, program, records, root, run, start, typed }
