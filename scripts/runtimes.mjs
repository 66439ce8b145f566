// The package's tests on every runtime that the README names, each as its npm package has it: no download besides.
//
//   npm run build && node scripts/runtimes.mjs [node20 node22 node24 node26 bun deno] [-- test files]
//
// Prints a table. What fails is told by its name; the whole output is in target/runtimes/.

import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { root } from './run.mjs'

const platform = `${process.platform}-${process.arch}`
const place = path.join(root, 'target/runtimes')
const node = (version) => ({
  of: `node-${platform}@${version}`,
  program: 'bin/node',
  argv: ['--test', '--test-reporter=tap'],
})
const RUNTIMES = {
  node20: node('20.17.0'),
  node22: node('22'),
  node24: node('24'),
  node26: node('26'),
  bun: { of: `@oven/bun-${platform}@1`, program: 'bin/bun', argv: ['test', '--timeout=600000'] },
  deno: { of: `@deno/${platform}-glibc@2`, program: 'deno', argv: ['test', '--allow-all', '--no-check'] },
}

/** The runtime's program, installed as a package from the registry. */
function programOf(name) {
  const { of, program } = RUNTIMES[name]
  const folder = path.join(place, name)
  mkdirSync(folder, { recursive: true })
  writeFileSync(path.join(folder, 'package.json'), '{ "private": true }')
  // The packages that only choose a platform's have an install script; these have none.
  const argv = ['install', '--ignore-scripts', '--no-audit', '--no-fund', `${name}@npm:${of}`]
  const { status, stderr } = spawnSync('npm', argv, { cwd: folder, encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return path.join(folder, 'node_modules', name, program)
}

/** One file at a time: each runner counts and names in its own way, an exit code says the same in all. */
function runFile(name, program, file) {
  const { argv } = RUNTIMES[name]
  // Tests that start `node` and npm get this runtime's, where it is one.
  const PATH = `${path.dirname(program)}${path.delimiter}${process.env.PATH}`
  const options = { cwd: root, encoding: 'utf8', env: { ...process.env, PATH }, timeout: 900_000 }
  const { status, stdout, stderr } = spawnSync(program, [...argv, `./${file}`], options)
  const output = stripVTControlCharacters(stdout + stderr)
  writeFileSync(path.join(place, `${name}-${path.basename(file)}.txt`), output)
  // TAP's line of a failed test, Bun's, and Deno's.
  const failed = output.matchAll(/^(?:\s*not ok \d+ - |\(fail\) )(.+)$|^(.+) \.\.\. FAILED/gm)
  return { passed: status === 0, failed: [...failed].map(([, one, other]) => one ?? other) }
}

const packageTests = () =>
  readdirSync(path.join(root, '__test__/package'))
    .filter((name) => name.endsWith('.test.cjs'))
    .map((name) => `__test__/package/${name}`)

const divider = process.argv.indexOf('--')
const named = process.argv.slice(2, divider < 0 ? undefined : divider)
const files = divider < 0 ? packageTests() : process.argv.slice(divider + 1)
const rows = []
for (const name of named.length > 0 ? named : Object.keys(RUNTIMES)) {
  const program = programOf(name)
  const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' })
  const version = stdout.split('\n')[0]
  const results = files.map((file) => ({ file, ...runFile(name, program, file) }))
  const failing = results.filter(({ passed }) => !passed)
  for (const { file, failed } of failing) console.log(`${name} ${file}:\n  ${failed.join('\n  ')}`)
  rows.push(`| ${name} | ${version} | ${files.length - failing.length} of ${files.length} |`)
}
console.log(`\n| runtime | version | test files that pass |\n| --- | --- | --- |\n${rows.join('\n')}`)
const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
console.log(`\nquilltap-store ${version} on ${platform}`)
