// How large the native part is, and how long `require` takes in a new process.
// Run: npm run build && node bench/start.mjs [processes]

import { execFileSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const PROCESSES = Number(process.argv[2] ?? 31)
const entry = fileURLToPath(new URL('../index.js', import.meta.url))
const generated = new URL('../generated/', import.meta.url)

/** One first `require`: the time that passes and the processor's, in ms; the first is longer where others work too. */
function required(what) {
  const text = `const [began, used] = [performance.now(), process.cpuUsage()]
    require(${JSON.stringify(what)})
    const passed = performance.now() - began
    const { user, system } = process.cpuUsage(used)
    console.log(JSON.stringify({ passed, worked: (user + system) / 1000 }))`
  return JSON.parse(execFileSync(process.execPath, ['-e', text], { encoding: 'utf8' }))
}

const median = (list) => list.sort((one, other) => one - other)[list.length >> 1]
const times = Array.from({ length: PROCESSES }, () => required(entry))
for (const name of readdirSync(generated).filter((name) => name.endsWith('.node'))) {
  console.log(`${name}: ${(statSync(new URL(name, generated)).size / 1e6).toFixed(1)} MB`)
}
const [passed, worked] = ['passed', 'worked'].map((key) => median(times.map((time) => time[key])).toFixed(1))
console.log(`require: ${passed} ms, of the processor ${worked} ms (medians of ${PROCESSES} processes)`)
