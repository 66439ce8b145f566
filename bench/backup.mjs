// How fast `backup` is, beside `tar | zstd` of the same folder with the same level and number of threads, in turns;
// then restoring beside unpacking. Run: npm run build && node bench/backup.mjs [messages] [MiB] [folder]
// Writes results/backup.md.

import { execFileSync } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { createStore, restore } from '../index.mjs'

const [messages = 100_000, payloads = 64] = process.argv.slice(2, 4).map(Number)
const folder = fs.mkdtempSync(path.join(process.argv[4] ?? os.tmpdir(), 'quilltap-bench-'))
const at = (name) => path.join(folder, name)
const ROUNDS = 5
const IN_A_CHAT = 1000
const WORDS = 'the lantern guttered as she crossed a bridge of old stone and nobody on the far side called out'.split(
  ' ',
)

/** Text that compresses as prose does. */
const prose = (seed) => Array.from({ length: 60 }, (_, n) => WORDS[(seed * 31 + n * n * 7) % WORDS.length]).join(' ')

async function fill(dataDir) {
  const store = createStore({ dataDir, durability: 'batched' })
  const { id: userId } = await store.users.create({ email: 'bench@example.org' })
  const words = { description: 'd', personality: 'p', scenario: 's', firstMessage: 'f' }
  const character = await store.characters.create({ userId, name: 'Ada', ...words })
  const profile = await store.connections.create({ userId, name: 'p', provider: 'OPENAI', modelName: 'm' })
  for (let done = 0; done < messages; done += IN_A_CHAT) {
    const of = { userId, characterId: character.id, connectionProfileId: profile.id, title: `chat ${done}` }
    const chat = await store.chats.create(of)
    const some = Array.from({ length: IN_A_CHAT }, (_, n) => ({ role: 'USER', content: prose(done + n) }))
    await store.chats.addMessages(chat.id, some)
  }
  for (let n = 0; n < payloads; n++) {
    await store.images.put(randomFillSync(Buffer.alloc(1 << 20)), { userId, type: 'image', filename: `${n}.bin` })
  }
  await store.close()
}

async function timed(times, work) {
  const start = performance.now()
  await work()
  times.push(performance.now() - start)
}

const shell = (command) => execFileSync('bash', ['-o', 'pipefail', '-c', command])

await fill(at('data'))
const threads = Math.min(os.availableParallelism(), 4)
const times = { backup: [], tar: [], restore: [], untar: [] }
const store = createStore({ dataDir: at('data') })
await store.open()
const sizes = {}
for (let round = 0; round < ROUNDS; round++) {
  for (const name of ['ours.tar.zst', 'plain.tar.zst', 'restored', 'unpacked']) {
    fs.rmSync(at(name), { recursive: true, force: true })
  }
  shell('sync')
  await timed(times.backup, async () => (sizes.ours = await store.backup(at('ours.tar.zst'))))
  shell('sync')
  await timed(times.tar, () =>
    shell(
      `tar -C '${folder}' --exclude=data/cache --exclude=data/journal -cf - data | zstd -q -3 -T${threads} -o '${at('plain.tar.zst')}' && sync '${at('plain.tar.zst')}'`,
    ),
  )
  shell('sync')
  await timed(times.restore, () => restore(at('ours.tar.zst'), { dataDir: at('restored') }))
  shell('sync')
  await timed(times.untar, () =>
    shell(
      `mkdir '${at('unpacked')}' && zstd -qdc '${at('plain.tar.zst')}' | tar -C '${at('unpacked')}' -xf - && sync -f '${at('unpacked')}'`,
    ),
  )
}
await store.close()
sizes.plain = fs.statSync(at('plain.tar.zst')).size
fs.rmSync(folder, { recursive: true })

const median = (list) => list.toSorted((one, other) => one - other)[Math.floor(list.length / 2)]
const row = (what, list, bytes) =>
  `| ${what} | ${(median(list) / 1000).toFixed(2)} | ${(Math.min(...list) / 1000).toFixed(2)} | ${bytes ? (bytes / 2 ** 20).toFixed(1) : ''} |`
const load = os.loadavg().map((one) => one.toFixed(1))
const text = `# Backups beside \`tar | zstd\`

\`node bench/backup.mjs ${messages} ${payloads}\` on ${os.availableParallelism()} processors, Node.js ${process.version}, a load of ${load.join(', ')}: ${sizes.ours.files} files,
${(sizes.ours.bytes / 2 ** 20).toFixed(0)} MiB, ${payloads} of them of random bytes. ${ROUNDS} rounds in turns, each synced before the next; level 3, ${threads} threads.

| what | median s | best s | MiB |
| --- | --- | --- | --- |
${row('`store.backup`: copied, every file hashed, packed, durable', times.backup, sizes.ours.backupBytes)}
${row('`tar \\| zstd`, then `sync` of the file', times.tar, sizes.plain)}
${row('`restore`: unpacked, every file compared with its checksum, durable', times.restore)}
${row('`zstd -d \\| tar -x`, then `sync` of its file system', times.untar)}
`
fs.writeFileSync(new URL('results/backup.md', import.meta.url), text)
console.log(text)
