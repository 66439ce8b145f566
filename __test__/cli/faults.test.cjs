'use strict'

// Each command beside something that is broken: what can be read is shown, what cannot be is named with what to
// do, and the exit code tells of it. Nothing is written over.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { after, describe, test } = require('node:test')
const { contents, createStore, filled, folder, lines, run } = require('./support.cjs')

/** What the exit codes say. */
const [CLEAN, FOUND, FAILED] = [0, 1, 3]

/** Faults, how they are told, and what each command says: the exit code, and how many lines or records it shows. */
const FAULTS = {
  'a record that is no JSON': {
    spoil: ({ dataDir }) => fs.writeFileSync(path.join(dataDir, 'characters/broken.json'), '{"name":'),
    told: /characters\/broken\.json:1:8: .*; mend the file or restore it/,
    commands: { 'ls characters': [FOUND, 1], 'query characters': [FOUND, 1] },
    elsewhere: { stats: FOUND, export: FAILED, verify: FAILED },
  },
  'the record that is asked for': {
    spoil: ({ dataDir, character }) => fs.appendFileSync(path.join(dataDir, `characters/${character.id}.json`), '}'),
    told: /characters\/[-0-9a-f]+\.json:\d+:\d+: .*; mend the file or restore it/,
    commands: { 'ls characters': [FOUND, 0], 'query characters': [FOUND, 0], 'get character': [FAILED, 0] },
    elsewhere: { stats: FOUND, export: FAILED, verify: FAILED },
  },
  'a record among others in a file': {
    spoil: ({ dataDir }) => {
      const file = path.join(dataDir, 'tags/tags.json')
      fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace('"second"', '7'))
    },
    told: /tags\/tags\.json.*name.*/,
    commands: { 'ls tags': [FOUND, 1], 'query tags': [FOUND, 1] },
    elsewhere: { stats: FOUND, export: FAILED, verify: FAILED },
  },
  'a line of a log': {
    spoil: ({ dataDir, chat }) => fs.appendFileSync(path.join(dataDir, `chats/${chat.id}.jsonl`), '{"type":\n'),
    told: /chats\/[-0-9a-f]+\.jsonl:3:8: .*; mend the line or remove it/,
    commands: { 'ls messages': [FOUND, 1] },
    // What opening and packing do not read is not known: `check` looks for it.
    elsewhere: { stats: CLEAN, compact: CLEAN, backup: CLEAN, export: FAILED, verify: FAILED },
  },
  'a line of a file of rows': {
    spoil: ({ dataDir }) => fs.appendFileSync(path.join(dataDir, 'chats/index.jsonl'), '{"id":\n'),
    told: /chats\/index\.jsonl:3:6: .*; mend the line or remove it/,
    commands: { 'ls chats': [FOUND, 1], 'query chats': [FOUND, 1] },
    elsewhere: { stats: FOUND, export: FAILED, verify: FAILED },
  },
  'a whole file': {
    spoil: ({ dataDir }) => fs.writeFileSync(path.join(dataDir, 'tags/tags.json'), '{"tags":['),
    told: /tags\/tags\.json:1:9: .*; mend the file or restore it/,
    commands: { 'ls tags': [FAILED, 0], 'query tags': [FAILED, 0] },
    elsewhere: { stats: FOUND, export: FAILED, verify: FAILED },
  },
  'a payload with other bytes': {
    spoil: ({ dataDir, image }) => fs.writeFileSync(path.join(dataDir, `binaries/${image.sha256}/raw`), 'not this'),
    told: /binaries\/[0-9a-f]{64}\/raw is not what was stored: .*; restore it from a backup/,
    commands: { 'ls images': [CLEAN, 1] },
    // The rows are as they were.
    elsewhere: { stats: CLEAN, compact: CLEAN, export: CLEAN, verify: CLEAN },
  },
}

/** What every command says where nothing of its own is broken. */
const EVERYWHERE = {
  'ls characters': [CLEAN, 1],
  'ls tags': [CLEAN, 2],
  'ls chats': [CLEAN, 1],
  'ls images': [CLEAN, 1],
  'ls messages': [CLEAN, 1],
  'query characters': [CLEAN, 1],
  'query tags': [CLEAN, 2],
  'query chats': [CLEAN, 1],
  'get character': [CLEAN, 1],
  'get chat': [CLEAN, 1],
  'get message': [CLEAN, 1],
}

const argumentsOf = ({ character, chat, message }) => ({
  'ls messages': ['ls', 'messages', '--chat', chat.id],
  'query characters': ['query', 'characters', '{}'],
  'query tags': ['query', 'tags', '{}'],
  'query chats': ['query', 'chats', '{}'],
  'get character': ['get', 'Character', character.id],
  'get chat': ['get', 'Chat', chat.id],
  'get message': ['get', 'message', message.id],
})

for (const [what, { spoil, told, commands, elsewhere }] of Object.entries(FAULTS)) {
  describe(`beside a fault: ${what}`, async () => {
    const world = await filled()
    const store = createStore({ dataDir: world.dataDir })
    await store.tags.createMany(['first', 'second'].map((name) => ({ userId: world.userId, name })))
    await store.close()
    const sound = folder()
    fs.cpSync(world.dataDir, path.join(sound, 'data'), { recursive: true })
    spoil(world)
    const before = contents(world.dataDir)
    const at = ['--data-dir', world.dataDir]
    after(() => assert.deepEqual(contents(world.dataDir), before, 'nothing is written over'))

    for (const [command, usual] of Object.entries(EVERYWHERE)) {
      const [code, shown] = commands[command] ?? usual
      test(`${command} shows ${shown}, exit code ${code}`, () => {
        const args = argumentsOf(world)[command] ?? command.split(' ')
        const json = run([...args, ...at, '--json'])
        assert.deepEqual([json.code, lines(json.stdout).length], [code, shown], json.stderr)
        if (code === CLEAN) return assert.equal(json.stderr, '')
        const [{ fault, error }] = lines(json.stderr).map((line) => JSON.parse(line))
        assert.equal(fault !== undefined, code === FOUND)
        assert.match((fault ?? error).message, told)
        assert.ok((fault ?? error).path)
        const plain = run([...args, ...at, '--quiet'])
        assert.equal(plain.code, code)
        assert.match(plain.stderr, told)
      })
    }

    /** A report that tells what was found. */
    const reports = (name, args, code = FOUND) =>
      test(`${name}: exit code ${code}`, () => {
        const done = run([...args(), ...at, '--quiet'])
        assert.equal(done.code, code, done.stdout + done.stderr)
        if (code === CLEAN) return assert.doesNotMatch(done.stdout + done.stderr, told)
        assert.match(done.stdout + done.stderr, told)
        const json = run([...args(), ...at, '--json'])
        const report = code === FAILED ? JSON.parse(json.stderr).error.message : JSON.parse(json.stdout).faults
        assert.match(JSON.stringify(report), told)
      })
    reports('check', () => ['check'])
    reports('stats', () => ['stats'], elsewhere.stats)
    reports('compact', () => ['compact'], elsewhere.compact)
    reports('backup', () => ['backup', path.join(folder(), 'b.tar.zst')], elsewhere.backup)
    reports('export', () => ['export', '--format', 'ndjson', '--out', path.join(folder(), 'out')], elsewhere.export)
    reports('verify', () => ['verify', path.join(sound, 'data')], elsewhere.verify)
  })
}
