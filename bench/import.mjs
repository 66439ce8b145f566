// How long `import` takes, from a dump and from a live server, beside PostgreSQL's own programs for the same rows, in turns.
// Needs Debian's postgresql. Run: npm run build && node bench/import.mjs [messages] [rounds] [folder]
// Writes results/import.md.

import { execFileSync, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import os from 'node:os'
import path from 'node:path'

const require = createRequire(import.meta.url)
const { BIN, startServer } = require('../__test__/postgres/server.cjs')
const { ddl } = require('../__test__/prisma/differential/schema.cjs')
const { dump, recorded } = require('../__test__/transfer/worlds.cjs')

const [messages = 1_000_000, rounds = 3] = process.argv.slice(2, 4).map(Number)
const CHATS = 1000
const folder = fs.mkdtempSync(path.join(process.argv[4] ?? os.tmpdir(), 'quilltap-bench-'))
const at = (name) => path.join(folder, name)
const program = new URL('../bin/quilltap-store.js', import.meta.url).pathname
const shell = (command) => execFileSync('bash', ['--norc', '-euo', 'pipefail', '-c', command], { encoding: 'utf8' })

// With PostgreSQL's own settings: what it has acknowledged is on the disk.
const server = await startServer({})
const address = (database) => server.address().replace(/postgres$/, database)
const postgres = (name) => path.join(BIN, name)
const psql = (database, ...args) =>
  execFileSync(postgres('psql'), ['-qAt', '-v', 'ON_ERROR_STOP=1', '-d', address(database), ...args])

/** The recorded world, and so many messages more, in chats like its own. */
function fill() {
  const file = at('world.sql')
  fs.writeFileSync(file, dump({ ...recorded.rows, Session: [], VerificationToken: [] }))
  for (const name of ['source', 'target']) psql('postgres', '-c', `CREATE DATABASE ${name}`)
  psql('source', '-c', ddl(), '-f', file)
  const more = (table, count, given) =>
    psql(
      'source',
      '-c',
      `INSERT INTO ${table} SELECT made.* FROM generate_series(1, ${count}) n, ${table} one,
        jsonb_populate_record(one, jsonb_build_object(${given})) made WHERE one.id = (SELECT min(id) FROM ${table})`,
    )
  more('chats', CHATS, "'id', 'chat-' || n")
  const given = [
    "'id', md5(n::text)::uuid",
    `'chatId', 'chat-' || n % ${CHATS} + 1`,
    "'role', CASE n % 2 WHEN 0 THEN 'USER' ELSE 'ASSISTANT' END",
    "'content', repeat(md5(n::text) || E' said she,\\n', 4 + n % 9)",
    "'createdAt', timestamp '2025-01-01' + n * interval '1 second'",
  ]
  more('messages', messages, given)
  psql('source', '-c', 'VACUUM ANALYZE')
}

const restore = `'${postgres('pg_restore')}' --no-owner -d '${address('target')}'`
const dumped = (format) => `'${postgres('pg_dump')}' ${format} '${address('source')}'`
const ours = (command, source, dataDir) =>
  `'${process.execPath}' '${program}' ${command} '${source}' --quiet --data-dir '${at(dataDir)}'`
const imported = (source) => ours('import', source, 'data')

/** What is measured, by the line that is run; before each, nobody has the target. */
const WORKS = {
  'import of the dump': imported(at('dump.sql')),
  '`pg_restore` of its archive': `${restore} '${at('archive')}'`,
  '`pg_restore` of one that is not compressed': `${restore} '${at('archive-0')}'`,
  'import from the server': imported(address('source')),
  '`pg_dump \\| pg_restore`': `${dumped('-Fc -Z0')} | ${restore}`,
  'limit: the dump read, the store’s files written and synced': `cat '${at('dump.sql')}' > /dev/null; cp -R '${at('like')}' '${at('data')}'; sync -f '${at('data')}'`,
}

/** Runs a line; gives its seconds, its processor time, and the memory of the largest of its processes. */
function measured(command) {
  fs.rmSync(at('data'), { recursive: true, force: true })
  psql('postgres', '-c', 'DROP DATABASE target')
  psql('postgres', '-c', 'CREATE DATABASE target')
  psql('postgres', '-c', 'CHECKPOINT')
  shell('sync')
  const argv = ['-f', '%e %U %S %M', '-o', at('time'), 'bash', '--norc', '-euo', 'pipefail', '-c', command]
  const { status, stderr } = spawnSync('/usr/bin/time', argv, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command}: ${stderr}`)
  const [seconds, user, system, kib] = fs.readFileSync(at('time'), 'utf8').trim().split(' ').map(Number)
  return { seconds, processor: user + system, mib: kib / 1024 }
}

fill()
shell(`${dumped('')} > '${at('dump.sql')}'`)
shell(`${dumped('-Fc')} > '${at('archive')}'`)
shell(`${dumped('-Fc -Z0')} > '${at('archive-0')}'`)
shell(ours('import', at('dump.sql'), 'like'))
const found = Object.fromEntries(Object.keys(WORKS).map((what) => [what, []]))
for (let round = 0; round < rounds; round++) {
  for (const [what, command] of Object.entries(WORKS)) found[what].push(measured(command))
}
shell(ours('verify', address('source'), 'like'))
const [dumpBytes, storeBytes] = [at('dump.sql'), at('like')].map((place) =>
  Number(shell(`du -sb '${place}'`).split('\t')[0]),
)
fs.rmSync(folder, { recursive: true })

const median = (list) => list.toSorted((one, other) => one - other)[Math.floor(list.length / 2)]
const row = ([what, runs]) => {
  const [seconds, processor, mib] = ['seconds', 'processor', 'mib'].map((name) => runs.map((one) => one[name]))
  const own = what.startsWith('import') ? [median(processor).toFixed(1), Math.max(...mib).toFixed(0)] : ['', '']
  return `| ${what} | ${median(seconds).toFixed(1)} | ${seconds.map((one) => one.toFixed(1)).join(' ')} | ${own.join(' | ')} |`
}
const load = os.loadavg().map((one) => one.toFixed(1))
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(0)} MB`
const text = `# Moving in, beside \`pg_restore\`

\`node bench/import.mjs ${messages} ${rounds}\` on ${os.availableParallelism()} processors, Node.js ${process.version}, a load of ${load.join(', ')}: ${messages} messages in ${CHATS} chats,
${megabytes(dumpBytes)} as a dump, ${megabytes(storeBytes)} as a store. ${rounds} rounds in turns, each into a new place and synced before the next. PostgreSQL has its own settings, so at the
end of \`pg_restore\` its log is on the disk and its tables are not yet; at the end of an import all is. \`verify\` found every row the same.

| what | median s | each s | processor s | most MiB |
| --- | --- | --- | --- | --- |
${Object.entries(found).map(row).join('\n')}
`
fs.writeFileSync(new URL('results/import.md', import.meta.url), text)
console.log(text)
