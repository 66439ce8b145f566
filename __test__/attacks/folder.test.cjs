'use strict'

// Whose folder it is: what somebody else owns, or may write, signs nobody in.

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { createStore, QuilltapAdapter } = require('../../index.js')
const { failure, folder, program, root: root_, run } = require('../package/support.cjs')

const unix = { skip: process.platform === 'win32' && 'Windows has access lists instead' }
const root = process.getuid?.() === 0
const asRoot = { skip: !root && 'only root can give files away' }
const SOMEBODY = 12_345

/** A folder with one user who is signed in. */
async function signedIn() {
  const dataDir = folder()
  const store = createStore({ dataDir })
  const user = await store.users.create({ email: 'alice@example.com' })
  const expires = new Date(Date.now() + 1e9).toISOString()
  await store.sessions.create({ sessionToken: 'token', userId: user.id, expires })
  await store.tags.create({ userId: user.id, name: 'kept' })
  await store.close()
  return dataDir
}

/** What a fresh process says of a folder: who is signed in, its tags, and what it was warned of. */
async function look(dataDir, options = {}, spawn = {}) {
  const body = `
    const told = (promise) => promise.then((value) => value, (error) => ({ code: error.code, message: error.message }))
    const warnings = []
    process.on('warning', ({ message }) => warnings.push(message))
    ;(async () => {
      const store = createStore(${JSON.stringify({ dataDir, ...options })})
      const user = await told(store.users.findByEmail('alice@example.com'))
      const session = await told(QuilltapAdapter(store).getSessionAndUser('token'))
      const tags = await told(store.tags.findAll())
      const wrote = await told(store.users.create({ email: 'bob@example.com' }))
      await told(store.close())
      await new Promise(setImmediate)
      console.log(JSON.stringify({ user, session, tags, wrote, warnings }))
    })()`
  const { stdout, stderr } = await run(program(dataDir, body), spawn)
  assert.notEqual(stdout, '', stderr)
  return JSON.parse(stdout)
}

const chmod = (mode) => (dataDir, name) => fs.chmodSync(path.join(dataDir, name), mode)
const give = (dataDir, name) => fs.chownSync(path.join(dataDir, name), SOMEBODY, SOMEBODY)

for (const [name, how, spoil, cost] of [
  ['auth/sessions.jsonl', 'everybody may write it', chmod(0o666), 'session'],
  ['auth/sessions.jsonl', 'it is somebody’s', give, 'session'],
  ['auth', 'everybody may write the folder', chmod(0o777), 'session'],
  ['auth', 'the folder is somebody’s', give, 'session'],
  ['settings/general.json', 'everybody may write it', chmod(0o606), 'user'],
  ['settings/general.json', 'it is somebody’s', give, 'user'],
]) {
  test(`${name} is refused when ${how}`, how.includes('somebody’s') ? asRoot : unix, async () => {
    const dataDir = await signedIn()
    spoil(dataDir, name)
    const before = fs.readFileSync(path.join(dataDir, 'auth/sessions.jsonl'), 'utf8')
    const { [cost]: refused, tags } = await look(dataDir)
    assert.equal(refused.code, 'CORRUPT')
    assert.match(
      refused.message,
      /decides who somebody is.*(may write it|belongs to user 12345).*chown -R \d+ '.*trustSharedFolder/s,
    )
    // It costs no more than itself, and nothing is written over it.
    assert.equal(tags[0]?.name, 'kept', JSON.stringify(tags))
    assert.equal(fs.readFileSync(path.join(dataDir, 'auth/sessions.jsonl'), 'utf8'), before)
    const { session } = await look(dataDir, { trustSharedFolder: true })
    assert.equal(session.user.email, 'alice@example.com')
  })
}

test('a journal that others may write is refused: it could hold a session', unix, async () => {
  const dataDir = folder()
  const crash = `store.users.create({ email: 'alice@example.com' }).then(() => process.kill(process.pid, 'SIGKILL'))`
  await run(program(dataDir, crash))
  fs.chmodSync(path.join(dataDir, 'journal'), 0o777)
  const { user } = await look(dataDir)
  assert.equal(user.code, 'CORRUPT')
  assert.match(user.message, /^journal\/?.* decides who somebody is/)
  assert.equal((await look(dataDir, { trustSharedFolder: true })).user.email, 'alice@example.com')
})

test('a data folder that others may write is told at open, and by no more than a warning', unix, async () => {
  const dataDir = await signedIn()
  fs.chmodSync(dataDir, 0o777)
  const { warnings, session } = await look(dataDir)
  assert.equal(session.user.email, 'alice@example.com')
  assert.equal(warnings.length, 1)
  assert.match(warnings[0], /is not this process's alone: every user may write it \(mode 0777\)/)
  assert.deepEqual((await look(dataDir, { trustSharedFolder: true })).warnings, [])
})

test('a data folder of somebody else is told at open', asRoot, async () => {
  const dataDir = await signedIn()
  fs.chownSync(dataDir, SOMEBODY, SOMEBODY)
  const { warnings } = await look(dataDir)
  assert.match(warnings[0], /it belongs to user 12345, this process runs as user 0/)
})

test('a folder as umask 002 leaves it, with a group of the user’s own, is nobody else’s', unix, async () => {
  const dataDir = await signedIn()
  const { uid, gid } = fs.statSync(dataDir)
  for (const name of ['', 'auth', 'settings']) fs.chmodSync(path.join(dataDir, name), 0o775)
  fs.chmodSync(path.join(dataDir, 'auth/sessions.jsonl'), 0o664)
  const { session, warnings } = await look(dataDir)
  const own = uid === gid
  assert.equal(session.code, own ? undefined : 'CORRUPT')
  assert.equal(warnings.length, own ? 0 : 1)
})

test('READ_ONLY says who owns the folder, who asks, and what to type', asRoot, async () => {
  const dataDir = await signedIn()
  for (const name of fs.readdirSync(dataDir, { recursive: true })) fs.chmodSync(path.join(dataDir, name), 0o755)
  fs.chmodSync(dataDir, 0o755)
  fs.chmodSync(path.dirname(dataDir), 0o1777)
  const asSomebody = { uid: SOMEBODY, gid: SOMEBODY, cwd: '/' }
  const { tags, wrote } = await look(dataDir, {}, asSomebody)
  assert.equal(tags[0].name, 'kept')
  assert.equal(wrote.code, 'READ_ONLY')
  assert.match(wrote.message, /belongs to user 0 \(mode 0?755\), and this process runs as user 12345: chown -R 12345 '/)
  fs.rmSync(path.join(dataDir, 'cache'), { recursive: true })
  const { wrote: withoutCache } = await look(dataDir, {}, asSomebody)
  assert.match(withoutCache.message, /belongs to user 0 .* and this process runs as user 12345: chown -R 12345 '/)
})

test('a folder that root has made is told by its owner, whether it can be looked into or not', asRoot, async () => {
  const dataDir = await signedIn()
  const asSomebody = { uid: SOMEBODY, gid: SOMEBODY, cwd: '/' }
  // What the store makes may be looked into by its user alone; the folder that holds it may be older.
  for (const mode of [0o700, 0o755]) {
    fs.chmodSync(dataDir, mode)
    const { user } = await look(dataDir, {}, asSomebody)
    assert.equal(user.code, 'READ_ONLY')
    assert.match(user.message, /belongs to user 0 \(mode 0700\), and this process runs as user 12345: chown -R 12345 '/)
  }
})

test('a folder that cannot be made is told by the owner of what it would be in', asRoot, async () => {
  const above = folder()
  fs.chmodSync(above, 0o755)
  const { user } = await look(path.join(above, 'app', 'data'), {}, { uid: SOMEBODY, gid: SOMEBODY, cwd: '/' })
  assert.equal(user.code, 'READ_ONLY')
  const told = `${above} belongs to user 0 (mode 0755), and this process runs as user 12345: mkdir -p '${above}/app/data' && chown -R 12345 '`
  assert.ok(user.message.includes(told), user.message)
})

/** A user with two characters and a chat with a message for each; gives the ids. */
async function twoOfEach(dataDir) {
  const store = createStore({ dataDir })
  const { id: userId } = await store.users.create({ email: 'alice@example.com' })
  const profile = { userId, name: 'Local', provider: 'OLLAMA', modelName: 'none' }
  const { id: connectionProfileId } = await store.connections.create(profile)
  const made = []
  for (const name of ['spoilt', 'whole']) {
    const texts = { description: '', personality: '', scenario: '', firstMessage: '' }
    const { id: character } = await store.characters.create({ userId, name, ...texts })
    const ids = { userId, characterId: character, connectionProfileId }
    const { id: chat } = await store.chats.create({ ...ids, title: name })
    await store.chats.addMessage(chat, { role: 'USER', content: name })
    made.push({ character, chat })
  }
  await store.close()
  return made
}

const records = [
  [
    'a record',
    ({ character }) => `characters/${character}.json`,
    ({ character }) => ['characters.findById', character],
  ],
  ['a log', ({ chat }) => `chats/${chat}.jsonl`, ({ chat }) => ['chats.getMessages', chat]],
]

const spoilers = [
  ['a pipe in place of', unix, (file) => (fs.rmSync(file), execFileSync('mkfifo', [file]))],
  [
    'a file that root has written as its own in place of',
    asRoot,
    (file) => fs.writeFileSync(file, fs.readFileSync(file)),
  ],
]

for (const [how, condition, put] of spoilers) {
  for (const [what, where, ask] of records) {
    test(`${how} ${what} costs that one, and nobody waits for it`, condition, async () => {
      const dataDir = folder()
      const [spoilt, whole] = await twoOfEach(dataDir)
      const file = path.join(dataDir, where(spoilt))
      const asSomebody = root ? { uid: SOMEBODY, gid: SOMEBODY, cwd: '/' } : {}
      if (root) giveAll(dataDir)
      put(file)
      if (root) fs.chownSync(file, 0, 0)
      fs.chmodSync(file, 0o600)
      const of = (ids) => `await told(store.${ask(ids)[0]}('${ask(ids)[1]}'))`
      const body = `
        const told = (promise) => promise.then(JSON.stringify, (error) => error.code + ' ' + error.message)
        ;(async () => {
          const answers = { spoilt: ${of(spoilt)}, whole: ${of(whole)} }
          answers.wrote = await told(store.characters.update('${whole.character}', { title: 'written' }))
          answers.said = await told(store.chats.addMessage('${whole.chat}', { role: 'USER', content: 'more' }))
          answers.refused = await told(store.chats.addMessage('${spoilt.chat}', { role: 'USER', content: 'more' }))
          answers.closed = await told(store.close())
          console.log(JSON.stringify(answers))
        })()`
      const { stdout, stderr } = await run(program(dataDir, body), asSomebody)
      assert.notEqual(stdout, '', stderr)
      const { spoilt: fault, whole: found, wrote, said, refused, closed } = JSON.parse(stdout)
      assert.match(fault, new RegExp(`^CORRUPT .*${where(spoilt)}`))
      assert.match(found, /whole/)
      assert.match(wrote, /"title":"written"/)
      assert.match(said, /"content":"more"/)
      assert.match(refused, what === 'a log' ? /^CORRUPT / : /"content":"more"/)
      assert.equal(closed, undefined)
    })
  }
}

function giveAll(dataDir) {
  fs.chmodSync(path.dirname(dataDir), 0o1777)
  for (const name of ['', ...fs.readdirSync(dataDir, { recursive: true })]) {
    fs.chownSync(path.join(dataDir, name), SOMEBODY, SOMEBODY)
  }
}

/** A folder of the app's older store, of two users, as its owner alone may write it. */
function older() {
  const dataDir = path.join(folder(), 'older')
  fs.cpSync(path.join(root_, 'tests/fixtures/older/t-prime-users'), dataDir, { recursive: true })
  for (const name of ['', ...fs.readdirSync(dataDir, { recursive: true })]) {
    const file = path.join(dataDir, name)
    fs.chmodSync(file, fs.statSync(file).isDirectory() ? 0o700 : 0o600)
  }
  return dataDir
}

const [WILL, BEN] = ['6f1d1c0e-52a5-4c7e-9d0e-0f8f6c3a9b11', 'b2a4f0b7-1c1d-4f5a-8d3e-2f6f7c9e8a22']

for (const [name, how, spoil, told] of [
  ['auth/sessions.jsonl', 'everybody may write', (file) => fs.chmodSync(file, 0o666), 'auth/sessions.jsonl'],
  [
    'auth/accounts.json',
    'is in a folder of everybody’s',
    (file) => fs.chmodSync(path.dirname(file), 0o777),
    'auth/accounts.json',
  ],
  ['settings.json', 'everybody may write', (file) => fs.chmodSync(file, 0o606), `settings/users/${BEN}.json`],
  ['tags/tags.json', 'is a link', (file) => (fs.rmSync(file), fs.symlinkSync('/etc/hostname', file)), 'tags/tags.json'],
  [
    'chats/index.jsonl',
    'leads nowhere',
    (file) => (fs.rmSync(file), fs.symlinkSync('/nowhere', file)),
    'chats/index.jsonl',
  ],
]) {
  test(
    `of an older folder’s users one has a ${name} that ${how}: it stays, is told, and the rest is converted`,
    unix,
    async () => {
      const dataDir = older()
      const file = path.join(dataDir, 'users', BEN, name)
      spoil(file)
      const { ino } = fs.lstatSync(file)
      for (const state of ['shown', 'converted']) {
        const store = createStore({ dataDir })
        if (state === 'converted') {
          await store.chats.addMessage('act1', { role: 'USER', content: 'converts' })
          await store.flush()
          assert.ok(fs.existsSync(path.join(dataDir, 'older/users', WILL, 'settings.json')))
        }
        const signedIn = (token) => QuilltapAdapter(store).getSessionAndUser(token)
        assert.equal((await signedIn('tok1')).user.id, WILL)
        const isHis = told.startsWith('auth/') || told.startsWith('settings/')
        if (isHis) assert.equal((await failure(signedIn('tok1-b'))).code, 'CORRUPT')
        else assert.equal((await signedIn('tok1-b')).user.id, BEN)
        assert.equal((await store.characters.findByUserId(BEN)).length, 2)
        for (const kind of ['tags', 'chats']) assert.notEqual((await store[kind].findByUserId(WILL)).length, 0, kind)
        const { faults } = await store.check()
        assert.ok(
          faults.some(({ kind, path }) => kind === 'unreadable' && path.startsWith(told)),
          JSON.stringify(faults),
        )
        await store.close()
      }
      assert.equal(fs.lstatSync(file).ino, ino)
    },
  )
}

test('whatever a command writes is its owner’s alone, under any umask, and never through a link', unix, async () => {
  const place = folder()
  const dataDir = path.join(place, 'data')
  // An export leaves a file of no chat behind, and ends with 1.
  const [{ chat: chatId }] = await twoOfEach(dataDir)
  const store = createStore({ dataDir })
  const { userId } = await store.chats.findById(chatId)
  await store.images.put(Buffer.from('hers'), { userId, chatId })
  await store.close()
  const at = (name) => path.join(place, name)
  const program = path.join(root_, 'bin/quilltap-store.js')
  const type = (args) =>
    execFileSync('sh', ['-c', 'umask 0; exec "$0" "$@"', process.execPath, program, ...args], { stdio: 'pipe' })
  const commands = [
    ['backup', at('one.qtb'), '--data-dir', dataDir],
    ['export', '--format', 'postgres', '--out', at('one.sql'), '--data-dir', dataDir],
    ['export', '--format', 'ndjson', '--out', at('one.ndjson'), '--data-dir', dataDir],
    ['restore', at('one.qtb'), '--data-dir', at('restored')],
    ['import', dataDir, '--data-dir', at('imported')],
  ]
  for (const args of commands) type(args)
  for (const name of ['', ...fs.readdirSync(place, { recursive: true })]) {
    const mode = fs.lstatSync(at(name)).mode & 0o777
    assert.equal(mode & 0o077, 0, `${name} has ${mode.toString(8)}`)
  }
  fs.writeFileSync(at('victim'), 'as it was')
  for (const [name, target] of [
    ['to-a-file', 'victim'],
    ['to-nothing', 'nothing'],
  ]) {
    fs.symlinkSync(at(target), at(name))
    for (const args of commands.slice(0, 3)) {
      const toLink = args.map((arg) => (arg.startsWith(at('one')) ? at(name) : arg))
      assert.throws(() => type(toLink), /is there already; take another name/)
    }
  }
  assert.equal(fs.readFileSync(at('victim'), 'utf8'), 'as it was')
  assert.equal(fs.existsSync(at('nothing')), false)
})
