// The code of README and docs/ as it stands there: compiled and linted as in an app that create-next-app
// has made, built with Next.js 16 (`cacheComponents`, `standalone`) and answered by three servers, and
// the rest of it run.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join, relative } from 'node:path'
import { test } from 'node:test'
import ts from 'typescript'
import support from '../package/support.cjs'
import { makeApp, root, snippets } from './pages.mjs'

const { bin, folder, runFile } = support
const app = makeApp()
const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production' }

async function passes(program, argv) {
  const { code, stdout, stderr } = await runFile(program, argv, { cwd: app, env, timeout: 500_000 })
  assert.equal(code, 0, stdout + stderr)
  return stdout
}

test('the code of every page compiles, strictly', () => passes(bin('typescript', 'bin/tsc'), ['--project', app]))

test('the lints of a new app find nothing in it', () =>
  passes(bin('eslint', 'bin/eslint.js'), ['--max-warnings', '0', app]))

for (const page of new Set(snippets().map(({ page }) => page))) {
  const fragments = snippets().filter((snippet) => snippet.page === page && snippet.file === undefined)
  if (fragments.length === 0) continue
  test(`the fragments of ${page} run`, async () => {
    const files = fragments.map(({ path, block }) => {
      const file = join(app, path.replace(/\.\w+$/, '.mjs'))
      const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 }
      writeFileSync(file, ts.transpileModule(block, { compilerOptions }).outputText)
      return file
    })
    // The same copy of the package as the fragments import.
    const index = join(app, 'node_modules/quilltap-store/index.js')
    const argv = [join(import.meta.dirname, 'run-fragments.mjs'), index, ...files]
    const run = await runFile(argv[0], argv.slice(1), { cwd: folder(), env: { ...process.env, DATA_DIR: folder() } })
    assert.equal(run.code, 0, run.stdout + run.stderr)
  })
}

/** Builds the app, and gives the server of a copy of what may be deployed. */
async function build(bundler) {
  rmSync(join(app, '.next'), { recursive: true, force: true })
  const built = folder()
  const { code, stdout, stderr } = await runFile(bin('next', 'dist/bin/next'), ['build', bundler, app], {
    cwd: app,
    env: { ...env, DATA_DIR: built },
    timeout: 500_000,
  })
  assert.equal(code, 0, stdout + stderr)
  const deployed = folder()
  cpSync(join(app, '.next/standalone'), deployed, { recursive: true })
  return { routes: stdout, server: join(deployed, relative(root, app), 'server.js') }
}

/** A port that nobody listens on; Next.js takes 0 for 3000. */
async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  return port
}

/** Starts a server; gives its address once it listens, and what it says. */
async function start(t, server, DATA_DIR) {
  const PORT = await freePort()
  const address = `http://127.0.0.1:${PORT}`
  const child = spawn(process.execPath, [server], {
    env: { ...env, DATA_DIR, PORT, HOSTNAME: '127.0.0.1', NEXTAUTH_URL: address, NEXTAUTH_SECRET: 's' },
  })
  const closed = once(child, 'close')
  t.after(() => child.kill('SIGKILL') && closed)
  let output = ''
  return new Promise((resolve, reject) => {
    const hear = (data) => {
      output += data
      if (output.includes('Ready')) resolve({ address, said: () => output })
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.on('exit', () => reject(new Error(`the server ended: ${output}`)))
  })
}

const signUp = (address, email) => fetch(`${address}/api/users`, { method: 'POST', body: JSON.stringify({ email }) })

/** What a browser gets of a route, by the list that a build shows. */
const kindOf = (routes, route) => new RegExp(`^[├└┌] (\\S) ${route}(\\s|$)`, 'm').exec(routes)?.[1]

/** Everything that is sent to browsers. */
function sentToBrowsers() {
  const place = join(app, '.next/static')
  const files = readdirSync(place, { recursive: true }).filter((name) => String(name).endsWith('.js'))
  return files.map((name) => readFileSync(join(place, name), 'utf8')).join('\n')
}

for (const bundler of ['--turbopack', '--webpack']) {
  test(`the app of the pages, built by ${bundler}, answers from three servers on one folder`, async (t) => {
    const { routes, server } = await build(bundler)
    const dataDir = join(folder(), 'data')
    const started = await Promise.all([1, 2, 3].map(() => start(t, server, dataDir)))
    const servers = started.map(({ address }) => address)
    const [one, two, three] = servers

    await t.test('a page that reads the store is rendered when it is asked for', async () => {
      for (const page of ['/characters', '/reads']) assert.equal(kindOf(routes, page), '◐', routes)
      assert.equal(kindOf(routes, '/cached'), '○', 'what the app caches stays so')
      assert.match(await (await fetch(`${one}/reads`)).text(), /users: (<!-- -->)?0/)
    })

    const created = await signUp(one, 'ann@example.org')
    assert.equal(created.status, 201)
    const { sessionToken } = await created.json()
    const cookie = `next-auth.session-token=${sessionToken}`

    await t.test('what one has written, the others read', async () => {
      for (const address of servers) {
        assert.match(await (await fetch(`${address}/reads`)).text(), /users: (<!-- -->)?1/)
        const session = await (await fetch(`${address}/api/auth/session`, { headers: { cookie } })).json()
        assert.equal(session.user.email, 'ann@example.org')
        assert.equal(typeof session.user.id, 'string')
      }
      const again = await signUp(two, 'ANN@example.org')
      assert.deepEqual([again.status, (await again.json()).code], [409, 'UNIQUE'])
    })

    await t.test('an upload is a file or is refused', async () => {
      const send = (file, headers = { cookie }) => {
        const body = new FormData()
        body.set('file', file)
        return fetch(`${two}/api/images`, { method: 'POST', body, headers })
      }
      assert.equal((await send('/etc/passwd')).status, 400)
      assert.equal((await send(new File(['x'], 'x.md'), {})).status, 401)
      const sent = await send(new File(['<svg onload="alert(1)"/>'], 'x.svg', { type: 'image/svg+xml' }))
      assert.equal(sent.status, 201)
      const { id } = await sent.json()
      const got = await fetch(`${three}/api/images/${id}`, { headers: { cookie } })
      assert.equal(await got.text(), '<svg onload="alert(1)"/>')
      assert.equal(got.headers.get('content-disposition'), "attachment; filename*=UTF-8''x.svg")
      assert.equal((await fetch(`${three}/api/images/${id}`)).status, 404, 'another’s')
    })

    await t.test('the proxy reads the store', async () => {
      const got = await fetch(`${one}/characters`, { redirect: 'manual' })
      assert.deepEqual([got.status, new URL(got.headers.get('location'), one).pathname], [307, '/'])
    })

    await t.test('a server that would keep its data in the build says so, once', async (t) => {
      for (const { said } of started) assert.doesNotMatch(said(), /QuilltapStoreWarning/)
      const { address, said } = await start(t, join(app, '.next/standalone', relative(root, app), 'server.js'), '')
      await Promise.all([1, 2, 3].map(() => fetch(`${address}/reads`)))
      const told = said().match(/QuilltapStoreWarning: .* lies in \.next, which the next build makes anew/g)
      assert.equal(told?.length, 1, said())
    })

    await t.test('a browser is told that the package is not for it', () => {
      const sent = sentToBrowsers()
      assert.match(sent, /quilltap-store runs in Node\.js only/)
      assert.doesNotMatch(sent, /QUILLTAP_NATIVE_MISSING|NativeStore/)
    })
  })
}
