// Files that are edited by hand while two processes have them open: both hear of each edit, once.

import assert from 'node:assert/strict'
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'

import { start as startChild } from './child.mjs'

let dataDir
beforeEach(async () => (dataDir = await mkdtemp(join(tmpdir(), 'quilltap-edits-'))))
afterEach(() => rm(dataDir, { recursive: true, force: true }))

/** A process with the store open. */
function start() {
  const child = startChild('./worker.cjs', [dataDir])
  const waiting = new Map()
  let last = 0
  child.on('message', ({ id, value, error }) => {
    const { resolve, reject } = waiting.get(id)
    waiting.delete(id)
    if (error) reject(Object.assign(new Error(error.message), error))
    else resolve(value)
  })
  const ask = (task, rest = {}) =>
    new Promise((resolve, reject) => {
      const id = ++last
      waiting.set(id, { resolve, reject })
      child.send({ id, task, ...rest })
    })
  return {
    ask,
    call: (repository, name, ...args) => ask('call', { repository, name, args }),
    async end() {
      await ask('close')
      child.disconnect()
    },
  }
}

/** Waits for what comes by itself; a test that waits in vain has failed. */
async function until(what, comes) {
  for (const begin = Date.now(); !(await comes());) {
    assert.ok(Date.now() - begin < 30_000, what)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function world(process) {
  const user = await process.call('users', 'create', { email: 'will@globe.example', name: 'before' })
  const texts = { description: '', personality: '', scenario: '', firstMessage: '' }
  const character = await process.call('characters', 'create', { userId: user.id, name: 'before', ...texts })
  const profile = await process.call('connections', 'create', {
    userId: user.id,
    name: 'before',
    provider: 'OLLAMA',
    modelName: 'm',
  })
  const chat = await process.call('chats', 'create', {
    userId: user.id,
    characterId: character.id,
    connectionProfileId: profile.id,
    title: 'before',
  })
  const message = await process.call('chats', 'addMessage', chat.id, { role: 'USER', content: 'before' })
  const tag = await process.call('tags', 'create', { userId: user.id, name: 'sea', note: 'before' })
  return [
    { path: 'settings/general.json', model: 'User', id: user.id, call: ['users', 'findById', user.id] },
    {
      path: `characters/${character.id}.json`,
      model: 'Character',
      id: character.id,
      call: ['characters', 'findByUserId', user.id],
    },
    {
      path: 'settings/connection-profiles.json',
      model: 'ConnectionProfile',
      id: profile.id,
      call: ['connections', 'findAll'],
    },
    { path: 'chats/index.jsonl', model: 'Chat', id: chat.id, call: ['chats', 'findById', chat.id] },
    { path: 'tags/tags.json', model: 'Tag', id: tag.id, call: ['tags', 'findAll'] },
    { path: `chats/${chat.id}.jsonl`, model: 'Message', id: message.id, call: ['chats', 'getMessages', chat.id] },
  ]
}

for (const way of ['in place', 'by a rename']) {
  test(`every process hears of an edit ${way} once, and has it`, async () => {
    const [one, other] = [start(), start()]
    const cases = await world(one)
    await one.ask('compact')
    // The log is known to both, so both can tell which message was edited.
    for (const process of [one, other]) for (const { call } of cases) await process.call(...call)
    for (const { path, model, id, call } of cases) {
      const file = join(dataDir, path)
      const heard = await Promise.all([one, other].map(async (process) => (await process.ask('changes')).length))
      const text = (await readFile(file, 'utf8')).replaceAll('before', 'by hand')
      await writeFile(way === 'in place' ? file : `${file}~`, text)
      if (way !== 'in place') await rename(`${file}~`, file)
      for (const [number, process] of [one, other].entries()) {
        const news = async () => (await process.ask('changes')).slice(heard[number])
        await until(`${path}: process ${number} hears`, async () => (await news()).length > 0)
        assert.match(JSON.stringify(await process.call(...call)), /by hand/, `${path} in process ${number}`)
        await process.ask('flush')
        const all = await news()
        assert.deepEqual(
          all.map((event) => [event.model, event.id, event.type]),
          [[model, id, 'update']],
          path,
        )
      }
    }
    await Promise.all([one.end(), other.end()])
  })
}

test('a file that stays broken is told by every process, and by none once it is mended', async () => {
  const [one, other] = [start(), start()]
  const cases = await world(one)
  await one.ask('compact')
  for (const { path, call } of cases.filter(({ path }) => path.endsWith('.json'))) {
    const file = join(dataDir, path)
    const whole = await readFile(file, 'utf8')
    await writeFile(file, whole.replace('"version": 1,', '"version": 1'))
    const byId = call[1] === 'findByUserId' ? ['characters', 'findById', path.slice(11, -5)] : call
    const code = (process) =>
      process.call(...byId).then(
        () => 'none',
        (error) => error.code,
      )
    for (const process of [one, other]) await until(path, async () => (await code(process)) === 'CORRUPT')
    await writeFile(file, whole)
    for (const process of [one, other]) await until(path, async () => (await code(process)) === 'none')
  }
  await Promise.all([one.end(), other.end()])
})
