'use strict'

// Several processes write to both sides, while the store's side fails, is slow, is locked by a process that was
// stopped, and is killed with whoever writes. Then it is mended, compared, switched over, and taken back.
//
//   npm ci && node load.cjs [--seconds 600] [--processes 3] [--seed N]

const { fork, spawn } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')

const { createStore } = require('../..')
const { createDualClient, dualStatus } = require('../../prisma.js')
const { run } = require('../cli/support.cjs')
const { realClient, server } = require('./support.cjs')

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** Writers, of which some are killed now and then. */
class Writers {
  #args
  #seed
  #running = new Map()
  ended = []

  constructor(args, seed) {
    this.#args = args
    this.#seed = seed
  }

  start(faults) {
    const args = [...this.#args, String(this.#seed++), faults ? 'faults' : 'none']
    const child = spawn(process.execPath, [path.join(__dirname, 'worker.cjs'), ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    let text = ''
    child.stdout.on('data', (data) => (text += data))
    const over = new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal, text })))
    this.#running.set(child, over)
  }

  /** Ends one in the middle of whatever it does. */
  async kill() {
    const [child] = this.#running.keys()
    const over = this.#running.get(child)
    this.#running.delete(child)
    child.kill('SIGKILL')
    await over
  }

  /** Lets all come to their end; gives what they tell. */
  async end() {
    for (const child of this.#running.keys()) child.stdin.end()
    const all = await Promise.all(this.#running.values())
    this.#running.clear()
    return all.map(({ code, signal, text }) => {
      if (code !== 0) throw new Error(`a writer ended with ${code ?? signal}`)
      return JSON.parse(text)
    })
  }
}

/** A process that holds the store's lock in a transaction, is stopped in it, and then goes on. */
async function block(dataDir, ms) {
  const child = fork(path.join(__dirname, 'blocker.cjs'), [dataDir], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  await new Promise((resolve) => child.once('message', resolve).once('close', resolve))
  child.kill('SIGSTOP')
  await sleep(ms)
  child.kill('SIGCONT')
  const over = new Promise((resolve) => child.once('close', resolve))
  child.kill('SIGTERM')
  await over
}

/** Runs it all; throws where something is not as it should be, else gives what there is to tell. */
async function load({ seconds, processes, seed, tell = () => {} }) {
  const databases = await server()
  const database = databases('dual')
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'quilltap-dual-'))
  const dataDir = path.join(dir, 'data')
  const writers = new Writers([database, dataDir], seed)
  for (let n = 0; n < processes; n++) writers.start(true)
  const end = Date.now() + seconds * 1000
  let [kills, blocks] = [0, 0]
  while (Date.now() < end) {
    await sleep(1000 + Math.random() * 5000)
    if (Math.random() < 0.5) {
      await writers.kill()
      writers.start(true)
      kills++
    } else {
      await block(dataDir, 500 + Math.random() * 2500)
      blocks++
    }
  }
  const apps = await writers.end()
  tell({ kills, blocks, apps })
  for (const { strange } of apps) if (strange.length > 0) throw new Error(`the app noticed: ${strange[0]}`)

  const before = await dualStatus({ dataDir })
  tell({ before })
  const store = createStore({ dataDir })
  const both = createDualClient({ primary: realClient(database), store, mode: 'dual' })
  for (let n = 0; n < 120 && (await dualStatus({ dataDir })).waitingInAll > 0; n++) {
    await both.$settled()
    await sleep(500)
  }
  await both.$disconnect()
  const mended = await dualStatus({ dataDir })
  tell({ mended })
  if (mended.waitingInAll > 0) throw new Error(`rows still wait: ${JSON.stringify(mended.waiting.slice(0, 5))}`)

  const cli = (...args) => {
    const { code, stdout, stderr } = run([...args, '--data-dir', dataDir])
    if (code !== 0) throw new Error(`${args[0]} ended with ${code}: ${stdout}${stderr}`)
    return stdout
  }
  cli('verify', database)
  tell({ status: cli('dual', 'status') })

  const switched = createDualClient({ store, mode: 'json' })
  await switched.user.create({ data: { id: 'after', email: 'after@example.org', name: 'since the cut-over' } })
  await switched.message.deleteMany({ where: { role: 'SYSTEM' } })
  await store.close()
  const back = path.join(dir, 'back.sql')
  cli('export', '--format', 'postgres', '--replace', '--out', back)
  require('./support.cjs').psql(database, '-f', back)
  cli('verify', database)
  fs.rmSync(dir, { recursive: true, force: true })
  return { kills, blocks, apps, before, mended }
}

module.exports = { load }

if (require.main === module) {
  const option = (name, fallback) => {
    const at = process.argv.indexOf(`--${name}`)
    return at < 0 ? fallback : Number(process.argv[at + 1])
  }
  const asked = {
    seconds: option('seconds', 600),
    processes: option('processes', 3),
    seed: option('seed', Date.now() % 2 ** 31),
    tell: (what) => console.log(JSON.stringify(what)),
  }
  console.log(`seed ${asked.seed}`)
  load(asked).then(
    () => process.exit(),
    (error) => {
      fs.writeSync(2, `${error.stack}\n`)
      process.exit(1)
    },
  )
}
