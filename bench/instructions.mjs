// Counts the instructions of the hot calls in the core, under callgrind: unlike times they are the same
// on a busy machine, so a change in cost shows in review. `node instructions.mjs [--check]` writes
// results/instructions.md, or says by how much it differs. Needs valgrind and a release build.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const here = path.dirname(fileURLToPath(import.meta.url))
const root = path.join(here, '..')
const kept = path.join(here, 'results', 'instructions.md')

/** Each work, and the function that is counted: a read is answered in it, a write committed. */
const [READ, WRITE] = ['*table::Calls::read*', '*::commit_here']
const WORKS = {
  getSessionAndUser: READ,
  getCharacter: READ,
  listCharacters: READ,
  listChats: READ,
  getMessages: READ,
  createSession: WRITE,
  createTag: WRITE,
  createCharacter: WRITE,
  addMessage: WRITE,
}
/** Counts of one build differ by a few per cent, for the seeds of its hash tables do. */
const TOLERANCE = 0.05

function run(command, args, options = {}) {
  const done = spawnSync(command, args, { encoding: 'utf8', ...options })
  if (done.status !== 0) throw new Error(`${command} ${args.join(' ')}\n${done.stdout}${done.stderr}`)
}

const cargo = ['build', '--quiet', '--locked', '--release', '--example', 'hot_calls']
// The functions must have names for their instructions to be counted.
run('cargo', cargo, { cwd: root, env: { ...process.env, CARGO_PROFILE_RELEASE_STRIP: 'none' } })

const target = process.env.CARGO_TARGET_DIR ?? path.join(root, 'target')
const program = path.join(target, 'release/examples/hot_calls')

/** The instructions of so many calls, with those that prepare for them. */
function counted(work, times) {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'quilltap-instructions-'))
  const counts = path.join(dir, 'counts')
  // Quiet: valgrind warns of every system call that it is too old to know.
  const options = ['--tool=callgrind', `--toggle-collect=${WORKS[work]}`, `--callgrind-out-file=${counts}`]
  run('valgrind', [...options, '--log-file=/dev/null', program, work, String(times), path.join(dir, 'data')])
  const total = Number(/^totals: (\d+)$/m.exec(readFileSync(counts, 'utf8'))[1])
  rmSync(dir, { recursive: true })
  return total
}

const counts = Object.fromEntries(
  Object.keys(WORKS).map((work) => {
    const [few, many] = [counted(work, 200), counted(work, 1200)]
    if (many <= few) throw new Error(`${WORKS[work]} is in no count of ${work}: name the function as it is called now`)
    return [work, Math.round((many - few) / 1000)]
  }),
)

const before = Object.fromEntries(
  [...(tryRead(kept) ?? '').matchAll(/^\| (\w+) \| ([\d,]+) \|$/gm)].map(([, work, count]) => [
    work,
    Number(count.replaceAll(',', '')),
  ]),
)

function tryRead(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (error.code !== 'ENOENT') throw error
  }
}

for (const [work, count] of Object.entries(counts)) {
  const change = before[work] ? `${(((count - before[work]) / before[work]) * 100).toFixed(1)} %` : 'new'
  console.log(`${work}: ${count.toLocaleString('en')} (${change})`)
}
if (process.argv.includes('--check')) {
  const dearer = Object.entries(counts).filter(([work, count]) => !(count <= before[work] * (1 + TOLERANCE)))
  if (dearer.length > 0) {
    console.error(`dearer than bench/results/instructions.md says: ${dearer.map(([work]) => work).join(', ')}`)
    process.exit(1)
  }
} else {
  const rows = Object.entries(counts).map(([work, count]) => `| ${work} | ${count.toLocaleString('en')} |`)
  const text = [
    '<!-- Written by `node bench/instructions.mjs`. -->',
    '',
    'Instructions of one call in the core, counted by callgrind on x86_64: of a read, its answer; of a write,',
    "its commit on its caller's thread (batched). 200 characters, 64 chats, 200 sessions.",
    '',
    '| call | instructions |',
    '| --- | ---: |',
    ...rows,
    '',
  ]
  writeFileSync(kept, text.join('\n'))
}
