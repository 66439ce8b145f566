'use strict'

// The commands that look at a store, what they say, and with which exit codes.

const assert = require('node:assert/strict')
const { spawn, spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { describe, test } = require('node:test')
const { createStore, env, filled, folder, lines, program, records, run } = require('./support.cjs')

describe('looking at a store', async () => {
  const world = await filled()
  const at = ['--data-dir', world.dataDir]

  test('check finds nothing, and says what it read', () => {
    const { code, stdout, stderr } = run(['check', ...at])
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
    assert.match(stdout, /^\d+ files, \d+ records, 1 row, 1 payload: no fault\n$/)
    assert.deepEqual(JSON.parse(run(['check', '--json', ...at]).stdout).faults, [])
  })

  test('stats counts', () => {
    assert.match(run(['stats', ...at]).stdout, /^ +1 {2}characters$/m)
    assert.equal(JSON.parse(run(['stats', '--json', ...at]).stdout).records.chats, 1)
  })

  test('compact leaves no journal', () => {
    assert.equal(run(['compact', ...at]).code, 0)
    assert.deepEqual(
      fs.existsSync(path.join(world.dataDir, 'journal')) ? fs.readdirSync(path.join(world.dataDir, 'journal')) : [],
      [],
    )
  })

  for (const name of ['characters', 'Character', 'CHARACTERS']) {
    test(`ls takes ${name}`, () => {
      assert.deepEqual(records(run(['ls', name, ...at]).stdout), [JSON.parse(JSON.stringify(world.character))])
    })
  }

  test('messages are listed by their chat', () => {
    const { stdout } = run(['ls', 'messages', '--chat', world.chat.id, ...at])
    assert.deepEqual(
      records(stdout).map(({ id, content }) => ({ id, content })),
      [{ id: world.message.id, content: 'Hi' }],
    )
    assert.equal(run(['ls', 'messages', ...at]).code, 2)
  })

  test('get gives one record, for people and for programs', () => {
    const pretty = run(['get', 'Chat', world.chat.id, ...at]).stdout
    const compact = run(['get', 'Chat', world.chat.id, '--json', ...at]).stdout
    assert.equal(lines(compact).length, 1)
    assert.ok(lines(pretty).length > 5)
    assert.deepEqual(JSON.parse(pretty), JSON.parse(compact))
    const missing = run(['get', 'Chat', 'nobody', ...at])
    assert.equal(missing.code, 3)
    assert.match(missing.stderr, /no Chat has the id nobody/)
  })

  test('query asks as findMany does, from the argument or standard input', () => {
    const question = '{"where":{"name":"Ada"},"take":1}'
    const given = run(['query', 'Character', question, ...at])
    const piped = run(['query', 'Character', '-', ...at], { input: question })
    assert.equal(records(given.stdout)[0].id, world.character.id)
    assert.equal(piped.stdout, given.stdout)
    assert.equal(run(['query', 'Character', '{"where":{"name":"Bob"}}', ...at]).stdout, '')
    assert.equal(run(['query', 'Character', '{where', ...at]).code, 2)
    assert.match(run(['query', 'Character', '{"where":{"nme":1}}', ...at]).stderr, /nme/)
  })

  test('the folder is that of DATA_DIR, else ./data', () => {
    const cwd = path.dirname(world.dataDir)
    for (const options of [{ cwd }, { env: { DATA_DIR: world.dataDir } }]) {
      assert.equal(run(['ls', 'characters'], options).stdout, run(['ls', 'characters', ...at]).stdout)
    }
  })

  test('a fault is exit code 1, told with its file', () => {
    const broken = path.join(world.dataDir, 'characters/broken.json')
    fs.writeFileSync(broken, '{')
    const { code, stdout } = run(['check', ...at])
    const report = JSON.parse(run(['check', '--json', ...at]).stdout)
    fs.rmSync(broken)
    assert.equal(code, 1)
    assert.match(stdout, /1 fault\nunreadable characters\/broken.json:1:1: EOF /)
    assert.equal(report.faults[0].path.split(':')[0], 'characters/broken.json')
  })

  test('collections that an app declares are models too', async () => {
    const { dataDir } = await filled()
    const notes = { file: 'notes/{id}.json', fields: { text: { type: 'string' } } }
    const store = createStore({ dataDir, collections: { notes } })
    const note = await store.notes.create({ text: 'here' })
    await store.close()
    assert.equal(records(run(['ls', 'notes', '--data-dir', dataDir]).stdout)[0].id, note.id)
  })
})

test('nothing is made where there is no store', () => {
  const cwd = folder()
  for (const command of [['check'], ['stats'], ['compact'], ['ls', 'chats'], ['secrets', 'status']]) {
    const { code, stdout, stderr } = run(command, { cwd })
    assert.deepEqual({ code, stdout }, { code: 3, stdout: '' })
    assert.match(stderr, /^error: there is no store in .*data; name its folder by --data-dir/)
  }
  assert.deepEqual(fs.readdirSync(cwd), [])
})

test('wrong use is exit code 2, told on standard error', async () => {
  const { dataDir } = await filled()
  for (const args of [
    [],
    ['chekc'],
    ['ls'],
    ['check', '--colour'],
    ['ls', 'nobody'],
    ['query', 'users', '{'],
    ['secrets'],
  ]) {
    const { code, stdout, stderr } = run(args, { env: { DATA_DIR: dataDir } })
    assert.deepEqual({ code, stdout }, { code: 2, stdout: '' }, args.join(' '))
    assert.notEqual(stderr, '')
  }
})

test('an error is JSON for those who ask for JSON', () => {
  const { code, stderr } = run(['check', '--json'], { cwd: folder() })
  assert.equal(code, 3)
  assert.equal(JSON.parse(stderr).error.code, 'VALIDATION')
})

test('a pipe gets no colour and no progress', async () => {
  const { dataDir } = await filled()
  const { stdout, stderr } = run(['check', '--data-dir', dataDir])
  assert.ok(!(stdout + stderr).includes('\u001b'))
})

test('who reads only the beginning is no failure', async () => {
  const { dataDir, userId } = await filled()
  const store = createStore({ dataDir })
  await store.tags.createMany(Array.from({ length: 5000 }, (_, at) => ({ userId, name: `tag number ${at}` })))
  await store.close()
  const child = spawn(process.execPath, [program, 'ls', 'tags', '--data-dir', dataDir], { env })
  let stderr = ''
  child.stderr.on('data', (text) => (stderr += text))
  child.stdout.once('data', () => child.stdout.destroy())
  const code = await new Promise((resolve) => child.on('exit', resolve))
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
})

test('bash completes commands, subcommands and options', { skip: process.platform === 'win32' }, () => {
  const script = run(['completion', 'bash']).stdout
  for (const [words, wanted] of [
    [['back'], 'backup'],
    [['secrets', 'ch'], 'change-passphrase'],
    [['restore', '--fo'], '--force'],
  ]) {
    const [before, word] = [words.length > 1 ? words[0] : 'quilltap-store', words.at(-1)]
    const asked = `
      COMP_WORDS=(quilltap-store ${words.join(' ')}) COMP_CWORD=${words.length}
      for name in $(complete -p quilltap-store); do [[ $name == _* ]] && break; done
      $name quilltap-store ${word} ${before}
      echo "\${COMPREPLY[@]}"`
    const { stdout } = spawnSync('bash', ['--norc'], { input: script + asked, encoding: 'utf8' })
    assert.equal(stdout.trim(), wanted)
  }
})
