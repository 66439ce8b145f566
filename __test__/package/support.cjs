'use strict'

const assert = require('node:assert/strict')
const { execFileSync, spawn } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')

const root = path.resolve(__dirname, '../..')
const index = path.join(root, 'index.js')

const folders = []
process.on('exit', () => folders.forEach((made) => fs.rmSync(made, { recursive: true, force: true, maxRetries: 20 })))

/** An empty folder, which goes with this process. */
function folder() {
  const made = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'quilltap-'))
  folders.push(made)
  return made
}

/** What a promise was rejected with. */
function failure(promise) {
  return promise.then(
    () => assert.fail('it succeeded'),
    (error) => error,
  )
}

/** Runs Node with a program's text in a process of its own, which must end by itself. */
function run(text, { argv = [], flags = [], timeout = 60_000, ...options } = {}) {
  return end(spawn(process.execPath, [...flags, '-e', text, ...argv], { ...options, timeout }))
}

/** Runs a program in a process of its own. */
function runFile(file, argv = [], { timeout = 240_000, ...options } = {}) {
  return end(spawn(process.execPath, [file, ...argv], { ...options, timeout }))
}

function end(child) {
  const started = performance.now()
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (data) => (stdout += data))
  child.stderr.on('data', (data) => (stderr += data))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr, ms: performance.now() - started }))
  })
}

/** A program's text that has `createStore`, `store` on the folder, and `main` to be filled in. */
function program(dataDir, body) {
  return `const { createStore, QuilltapAdapter, StoreError } = require(${JSON.stringify(index)})
    const store = createStore({ dataDir: ${JSON.stringify(dataDir)} });
    ${body}`
}

/** The tarball that would be published, with this machine's native part in it. */
function pack(into) {
  const [{ filename }] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--pack-destination', into], { cwd: root, ...quiet }),
  )
  return path.join(into, filename)
}

/** Puts the package into a project as an installation does. */
function install(tarball, project) {
  const place = path.join(project, 'node_modules/quilltap-store')
  fs.rmSync(place, { recursive: true, force: true })
  fs.mkdirSync(place, { recursive: true })
  execFileSync('tar', ['-xzf', tarball, '-C', place, '--strip-components=1'])
  return place
}

const quiet = { stdio: ['ignore', 'pipe', 'ignore'], shell: process.platform === 'win32' }

/** The program of a development dependency. */
function bin(name, file) {
  return path.join(root, 'node_modules', name, file)
}

module.exports = { bin, failure, folder, index, install, pack, program, root, run, runFile }
