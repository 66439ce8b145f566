'use strict'

// Object storage for tests: moto's server (PyPI), which speaks S3's protocol and lives as long as this process.

const { execFileSync, spawn } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { setTimeout: sleep } = require('node:timers/promises')
const { freePort } = require('./server.cjs')

const TOOLS = path.join(__dirname, '../../target/tools')
const PACKAGES = ['moto[s3]==5.2.5', 'flask', 'flask-cors']

/** Without an installation of its own: what is tested is not what the machine has. */
function install() {
  if (fs.existsSync(path.join(TOOLS, 'moto'))) return
  const quiet = ['--quiet', '--disable-pip-version-check', '--root-user-action=ignore']
  execFileSync('pip', ['install', ...quiet, '--target', TOOLS, ...PACKAGES], { stdio: ['ignore', 'ignore', 'pipe'] })
}

/** A server, and what one does to its objects behind a store's back. */
class ObjectStorage {
  constructor(port) {
    this.endpoint = `http://127.0.0.1:${port}`
    this.port = port
    process.on('exit', () => this.kill())
  }

  async start() {
    const env = { ...process.env, PYTHONPATH: TOOLS, NODE_OPTIONS: '' }
    const args = ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(this.port)]
    this.child = spawn('python3', args, { env, stdio: 'ignore' })
    // Whoever is done need not wait for it.
    this.child.unref()
    for (let tries = 0; ; tries++) {
      try {
        return void (await fetch(this.endpoint))
      } catch (error) {
        if (tries === 300) throw error
        await sleep(100)
      }
    }
  }

  kill() {
    this.child?.kill('SIGKILL')
  }

  /** What the environment of an app that uses it has. */
  get environment() {
    const keys = { AWS_ACCESS_KEY_ID: 'app', AWS_SECRET_ACCESS_KEY: 'geheim' }
    return { ...keys, AWS_ENDPOINT_URL: this.endpoint, AWS_REGION: 'us-east-1' }
  }

  async #ask(method, name, body) {
    const answer = await fetch(`${this.endpoint}/${name}`, { method, body })
    if (!answer.ok) throw new Error(`${method} ${name}: ${answer.status}`)
    return answer.text()
  }

  makeBucket = (name) => this.#ask('PUT', name)
  put = (address, bytes) => this.#ask('PUT', address.slice('s3://'.length), bytes)
  remove = (address) => this.#ask('DELETE', address.slice('s3://'.length))

  /** The addresses of the objects in a bucket. */
  async list(bucket) {
    const text = await this.#ask('GET', `${bucket}?list-type=2`)
    return [...text.matchAll(/<Key>(.*?)<\/Key>/g)].map(([, key]) => `s3://${bucket}/${key}`)
  }
}

/** Starts a server with one bucket. */
async function startObjects(bucket) {
  install()
  const storage = new ObjectStorage(await freePort())
  await storage.start()
  await storage.makeBucket(bucket)
  return storage
}

module.exports = { startObjects }
