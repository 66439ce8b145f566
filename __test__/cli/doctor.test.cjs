'use strict'

// What the doctor says of folders and set-ups that are broken, each in one way: it names the fault, and what to
// do about it.

const assert = require('node:assert/strict')
const { execFileSync, fork, spawn } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const path = require('node:path')
const { afterEach, test } = require('node:test')
const { contents, createStore, filled, folder, root, run } = require('./support.cjs')
const { doctor } = require(root)

const onLinux = { skip: process.platform === 'linux' ? false : 'Linux tells it' }
const endings = []
afterEach(() =>
  endings
    .splice(0)
    .reverse()
    .forEach((end) => end()),
)

/** An app with Next.js and the package, and its store. */
async function app(options) {
  const dir = folder()
  const made = await filled(path.join(dir, 'data'), options)
  const write = (name, text) => {
    fs.mkdirSync(path.dirname(path.join(dir, name)), { recursive: true })
    fs.writeFileSync(path.join(dir, name), text)
  }
  const { version } = require(path.join(root, 'package.json'))
  write('package.json', JSON.stringify({ dependencies: { next: '16', 'quilltap-store': version } }))
  write('next.config.mjs', "export default { serverExternalPackages: ['sharp', 'quilltap-store'] }")
  write('node_modules/quilltap-store/package.json', JSON.stringify({ name: 'quilltap-store', version }))
  return { ...made, dir, write, version }
}

/** What the doctor finds wrong, for people and for programs. */
function examine({ dir, dataDir }, args = [], options = {}) {
  const argv = ['doctor', '--data-dir', dataDir, '--app', dir, ...args]
  const { code, stdout, stderr } = run([...argv, '--json'], options)
  assert.equal(stderr, '')
  const { findings } = JSON.parse(stdout)
  const wrong = findings.filter(({ level }) => level === 'warning' || level === 'fault')
  assert.equal(code, wrong.length > 0 ? 1 : 0)
  for (const { advice } of wrong) assert.ok(advice?.length > 10, stdout)
  return { findings, wrong }
}

/** It finds this one thing wrong. */
function finds(world, { check, level, message, advice }, args, options) {
  const { wrong } = examine(world, args, options)
  assert.deepEqual(
    wrong.map((one) => [one.check, one.level]),
    [[check, level]],
    JSON.stringify(wrong),
  )
  assert.match(wrong[0].message, message)
  assert.match(wrong[0].advice, advice)
}

test('of a sound app it finds nothing wrong, and changes nothing', async () => {
  const world = await app()
  const before = contents(world.dir, { except: ['data/cache'] })
  const { wrong, findings } = examine(world)
  assert.deepEqual(wrong, [])
  assert.deepEqual(
    [...new Set(findings.map(({ check }) => check))],
    [
      'runtime',
      'versions',
      'folder',
      'owner',
      'file system',
      'room',
      'processes',
      'journal',
      'clock',
      'contents',
      'passphrase',
      'next.js',
    ],
  )
  assert.deepEqual(contents(world.dir, { except: ['data/cache'] }), before)
})

test('no store: where it was looked for', async () => {
  const world = await app()
  const dataDir = path.join(world.dir, 'elsewhere')
  finds(
    { ...world, dataDir },
    { check: 'folder', level: 'fault', message: /no store in .*elsewhere/, advice: /DATA_DIR/ },
  )
  assert.equal(fs.existsSync(dataDir), false)
})

test('a copy that was never finished', async () => {
  const world = await app()
  fs.writeFileSync(path.join(world.dataDir, 'unfinished-snapshot'), '')
  finds(world, { check: 'folder', level: 'fault', message: /never finished/, advice: /restore the backup again/ })
})

test('a folder that the next build removes', async () => {
  const world = await app()
  const dataDir = path.join(world.dir, '.next/standalone/data')
  fs.cpSync(world.dataDir, dataDir, { recursive: true })
  finds({ ...world, dataDir }, { check: 'folder', level: 'warning', message: /lies in \.next/, advice: /move it/ })
})

test('a wrong owner', { skip: process.getuid?.() === 0 ? false : 'only root gives files away' }, async () => {
  const world = await app()
  fs.chownSync(path.join(world.dataDir, 'characters', `${world.character.id}.json`), 1234, 1234)
  const what = { check: 'owner', level: 'warning', message: /belongs to user 1234/, advice: /chown -R 0 / }
  finds(world, what)
})

test('a mode that lets everybody write', { skip: process.platform === 'win32' }, async () => {
  const world = await app()
  fs.chmodSync(path.join(world.dataDir, 'chats'), 0o777)
  fs.chmodSync(world.dataDir, 0o777)
  finds(world, { check: 'owner', level: 'warning', message: /every user may write it/, advice: /chmod -R go-w/ })
  assert.deepEqual(examine(world, ['--trust-shared-folder']).wrong, [])
})

/** Mounts something, or says why not. */
function mounted(t, ...args) {
  try {
    execFileSync('mount', args, { stdio: 'pipe' })
    endings.push(() => execFileSync('umount', [args.at(-1)]))
    return true
  } catch {
    return void t.skip('mounting is not allowed here')
  }
}

test('a mount for reading only', onLinux, async (t) => {
  const world = await app()
  const dataDir = path.join(folder(), 'ro')
  fs.mkdirSync(dataDir)
  if (!mounted(t, '--bind', '-o', 'ro', world.dataDir, dataDir)) return
  finds({ ...world, dataDir }, { check: 'writing', level: 'fault', message: /reading only/, advice: /no :ro/ })
})

test('no room', async (t) => {
  const world = await app()
  finds(world, { check: 'room', level: 'fault', message: /0 bytes are free/, advice: /make room/ }, [
    '--pretend',
    'full',
  ])
  const dataDir = path.join(folder(), 'small')
  fs.mkdirSync(dataDir)
  if (process.platform !== 'linux' || !mounted(t, '-t', 'tmpfs', '-o', 'size=8m,mode=700', 'tmpfs', dataDir)) return
  fs.cpSync(world.dataDir, dataDir, { recursive: true })
  finds({ ...world, dataDir }, { check: 'room', level: 'fault', message: /bytes are free/, advice: /NO_SPACE/ })
})

test('a network file system', async () => {
  const what = { check: 'file system', level: 'warning', message: /\(NFS\)/, advice: /local disk/ }
  finds(await app(), what, ['--pretend', 'network'])
})

test('a faulty file', async () => {
  const world = await app()
  fs.writeFileSync(path.join(world.dataDir, 'characters/broken.json'), '{"name":')
  const what = {
    check: 'contents',
    level: 'fault',
    message: /characters\/broken\.json:1:\d+: /,
    advice: /mend the file/,
  }
  finds(world, what)
})

test('a journal that was left behind', async () => {
  const world = await app()
  const child = fork(path.join(__dirname, 'writer.cjs'), [
    world.dataDir,
    world.userId,
    world.character.id,
    world.chat.id,
    '1',
  ])
  endings.push(() => child.kill('SIGKILL'))
  await once(child, 'message')
  child.kill('SIGKILL')
  await once(child, 'exit')
  const { wrong, findings } = examine(world)
  assert.deepEqual(wrong, [])
  const note = findings.find(({ check }) => check === 'journal')
  assert.equal(note.level, 'note')
  assert.match(note.message, /journal of \d+ bytes: the next opening.*nothing is lost/)
})

/** A process that has the folder open. */
async function opened(dataDir) {
  const child = spawn(process.execPath, [
    '-e',
    `require(${JSON.stringify(root)}).createStore({ dataDir: process.argv[1] }).open().then(() => { console.log('open'); setInterval(() => {}, 1e6) })`,
    dataDir,
  ])
  endings.push(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  return child
}

/** It stops a process, and waits until the system says so. */
async function stop(child) {
  child.kill('SIGSTOP')
  const state = () => fs.readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ').pop()[0]
  while (state() !== 'T') await new Promise((resolve) => setTimeout(resolve, 10))
}

test('who has the folder open is named, and a stopped one is told', onLinux, async () => {
  const world = await app()
  const child = await opened(world.dataDir)
  const { wrong, findings } = examine(world)
  assert.deepEqual(wrong, [])
  const named = new RegExp(`open in process ${child.pid} \\(.*node`)
  assert.match(findings.find(({ check }) => check === 'processes').message, named)
  await stop(child)
  const message = new RegExp(`process ${child.pid} .*is stopped`)
  finds(world, { check: 'processes', level: 'warning', message, advice: new RegExp(`kill -CONT ${child.pid}`) })
})

test('a stopped process that holds a lock: told at once, without waiting for it', onLinux, async () => {
  const world = await app()
  const lock = path.join(world.dataDir, 'cache/commit.lock')
  const child = spawn('flock', ['-x', '--no-fork', lock, 'sh', '-c', 'echo held; exec sleep 1000'])
  endings.push(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  await stop(child)
  const message = new RegExp(`process ${child.pid} .*is stopped and holds a lock`)
  finds(world, {
    check: 'processes',
    level: 'fault',
    message,
    advice: /kill -KILL \d+\): nothing that was committed is lost/,
  })
})

test('a second copy of the package, and another version than this one', async () => {
  const world = await app()
  const other = JSON.stringify({ name: 'quilltap-store', version: '0.0.9' })
  world.write('node_modules/some-plugin/node_modules/quilltap-store/package.json', other)
  finds(world, {
    check: 'versions',
    level: 'fault',
    message: /2 copies.*0\.0\.9 in .*some-plugin/,
    advice: /npm dedupe/,
  })
  fs.rmSync(path.join(world.dir, 'node_modules/some-plugin'), { recursive: true })
  world.write('node_modules/quilltap-store/package.json', other)
  finds(world, { check: 'versions', level: 'warning', message: /the app has 0\.0\.9/, advice: /app's folder/ })
})

test('a native part of another version', async () => {
  const world = await app()
  const name = 'quilltap-store-linux-x64-gnu'
  world.write(`node_modules/${name}/package.json`, JSON.stringify({ name, version: '0.0.9' }))
  finds(world, { check: 'versions', level: 'fault', message: /native part is 0\.0\.9/, advice: /install again/ })
})

test('serverExternalPackages without the package, or in a comment only', async () => {
  const world = await app()
  const what = {
    check: 'next.js',
    level: 'fault',
    message: /does not name quilltap-store/,
    advice: /not placeable in ESM chunks/,
  }
  for (const text of [
    'export default {}',
    "export default { serverExternalPackages: ['sharp'] }",
    "// serverExternalPackages: ['quilltap-store']\nexport default {}",
    "/* serverExternalPackages:\n ['quilltap-store'] */ export default {}",
  ]) {
    world.write('next.config.mjs', text)
    finds(world, what)
  }
  world.write('next.config.mjs', 'export default { serverExternalPackages: shared }')
  assert.deepEqual(examine(world).wrong, [])
  fs.rmSync(path.join(world.dir, 'next.config.mjs'))
  finds(world, { ...what, message: /no next\.config/ })
  // A container has the build alone.
  world.write('server.js', '')
  world.write('.next/BUILD_ID', '')
  const { dataDir } = await filled()
  assert.deepEqual(examine({ ...world, dataDir }).wrong, [])
})

test("output: 'standalone' with a relative folder", async () => {
  const world = await app()
  world.write('next.config.mjs', "export default { output: 'standalone', serverExternalPackages: ['quilltap-store'] }")
  assert.deepEqual(examine(world).wrong, [])
  const what = { check: 'next.js', level: 'warning', message: /standalone.*relative/, advice: /absolute path/ }
  finds({ ...world, dataDir: 'data' }, what, [], { cwd: world.dir })
})

test('a passphrase that does not open the secrets, and a file of it that others may read', async () => {
  const world = await app({ passphrase: 'right' })
  const store = createStore({ dataDir: world.dataDir, passphrase: 'right' })
  await store.connections.createApiKey({ userId: world.userId, provider: 'OPENAI', label: 'l', key: 'sk' })
  await store.close()
  const env = (text) => ({ env: { QUILLTAP_PASSPHRASE: text } })
  assert.deepEqual(examine(world, [], env('right')).wrong, [])
  const what = { check: 'passphrase', level: 'fault', message: /does not open/, advice: /recover/ }
  finds(world, what, [], env('wrong'))
  const file = path.join(world.dir, 'passphrase')
  fs.writeFileSync(file, 'right\n', { mode: 0o644 })
  if (process.platform === 'win32') return
  finds(world, { check: 'passphrase', level: 'warning', message: /other users may read/, advice: /chmod 600/ }, [
    '--passphrase-file',
    file,
  ])
})

test('a clock that is behind what was written', async () => {
  const world = await app()
  const ahead = new Date(Date.now() + 3 * 3600_000)
  fs.utimesSync(path.join(world.dataDir, 'settings/general.json'), ahead, ahead)
  finds(world, {
    check: 'clock',
    level: 'fault',
    message: /1(79|80) minutes behind/,
    advice: /set the machine's clock/,
  })
})

test('the same as a call', async () => {
  const { dir, dataDir } = await app()
  const { findings } = await doctor({ dataDir, appDir: dir })
  assert.deepEqual(findings, examine({ dir, dataDir }).findings)
  await assert.rejects(doctor({ dataDirectory: dataDir }), { code: 'VALIDATION', message: /dataDir/ })
  const told = run(['doctor', '--data-dir', dataDir, '--app', dir]).stdout
  assert.match(told, /^ok {6}folder: .*data$/m)
})
