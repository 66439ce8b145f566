'use strict'

// Who is let in, and what hostile records, bytes and requests come to.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { gzipSync } = require('node:zlib')
const { createStore, studio } = require('quilltap-store')
const { filled, folder, startStudio } = require('./support.cjs')

const SCRIPT = `<script>document.title='hacked'</script><img src=x onerror="document.title='hacked'">`
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

test('the address is good for one browser, which gets a cookie that no other page can use', async () => {
  const { dataDir } = await filled()
  const { address, ask, cookie, entered, own } = await startStudio(dataDir)
  assert.equal(entered.status, 303)
  assert.equal(entered.headers.location, '/')
  assert.match(entered.headers['set-cookie'][0], /; Path=\/; HttpOnly; SameSite=Strict$/)
  assert.ok(!cookie.includes(address.searchParams.get('code')))
  const again = await ask(address.pathname + address.search)
  assert.equal(again.headers['set-cookie'], undefined)
  assert.equal((await ask('/')).status, 403)
  const page = await ask('/', { headers: { cookie } })
  assert.equal(page.status, 200)
  assert.match(
    page.headers['content-security-policy'],
    /^default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'$/,
  )
  assert.doesNotMatch(page.text, /<script(?![^>]* src=)|<style|https?:|\son\w+=/)
  for (const path of ['/', '/assets/studio.js', '/assets/studio.css', '/nothing', '/api/nothing']) {
    const { headers } = await ask(path, { headers: own })
    assert.equal(headers['x-content-type-options'], 'nosniff', path)
    assert.equal(headers['x-frame-options'], 'DENY', path)
    assert.equal(headers['cache-control'], 'no-store', path)
  }
})

test('the page is small', async () => {
  const { dataDir } = await filled()
  const { ask, own } = await startStudio(dataDir)
  const parts = await Promise.all(
    ['/', '/assets/studio.js', '/assets/studio.css'].map((path) => ask(path, { headers: own })),
  )
  const sizes = parts.map(({ bytes }) => gzipSync(bytes).length)
  assert.ok(sizes[1] > 1000 && sizes.reduce((sum, size) => sum + size) < 200_000, String(sizes))
})

test('only its own page is answered', async () => {
  const { dataDir } = await filled()
  const { ask, own, address } = await startStudio(dataDir, ['--write'])
  const usual = { ...own, 'content-type': 'application/json' }
  const body = '[]'
  const attempt = (headers, options = {}) => {
    const left = Object.fromEntries(Object.entries({ ...usual, ...headers }).filter(([, value]) => value !== undefined))
    return ask('/api/models', { method: 'POST', headers: left, body, ...options })
  }
  assert.equal((await attempt({})).status, 200)
  const { port } = address
  const attacks = [
    [
      'a name that was made to mean this machine',
      { host: `evil.example:${port}`, origin: `http://evil.example:${port}` },
    ],
    ['a name that begins like it', { host: `127.0.0.1.evil.example:${port}` }],
    ['another port', { host: '127.0.0.1:80' }],
    ['another page', { origin: 'http://evil.example', 'sec-fetch-site': 'cross-site' }],
    ['another server of this machine', { origin: 'http://127.0.0.1:3000', 'sec-fetch-site': 'same-site' }],
    ['a sandboxed frame', { origin: 'null' }],
    ['a form', { 'x-quilltap-studio': undefined }],
    ['no cookie', { cookie: undefined }],
    ['a wrong token', { cookie: `quilltap_studio_${port}=${'A'.repeat(43)}` }],
    ['the token of another studio', { cookie: own.cookie.replace(`_${port}=`, '_1=') }],
  ]
  for (const [name, headers] of attacks) assert.equal((await attempt(headers)).status, 403, name)
  assert.equal((await attempt({ 'content-type': 'text/plain' })).status, 415)
  for (const wrong of ['{}', 'null', 'x', '']) assert.equal((await attempt({}, { body: wrong })).status, 400, wrong)
  assert.equal((await attempt({}, { method: 'GET', body: undefined })).status, 404)
  for (const name of ['constructor', '__proto__', 'toString', 'calls']) {
    assert.equal((await ask(`/api/${name}`, { method: 'POST', headers: usual, body })).status, 404, name)
  }
})

test('no path leads out of the page', async () => {
  const { dataDir } = await filled()
  const { ask, own } = await startStudio(dataDir)
  const paths = [
    '/assets/../../package.json',
    '/assets/..%2f..%2fpackage.json',
    '/assets/%2e%2e/native.js',
    '/assets/....//native.js',
    '/assets/studio.js%00.css',
    '/settings/general.json',
    '/api/payload?id=../../settings/general.json',
    '/api/payload?id=' + 'a'.repeat(5000),
    '//evil.example/assets/studio.js',
  ]
  for (const path of paths) {
    const { status, text } = await ask(path, { headers: own })
    assert.ok(status === 404 || status === 403 || status === 400, `${path}: ${status}`)
    assert.doesNotMatch(text, /"name": "quilltap-store"|a@example\.org/, path)
  }
})

test('read-only unless asked', async () => {
  const { dataDir, character } = await filled()
  const { call } = await startStudio(dataDir)
  const { stamp } = await call('record', 'Character', character.id)
  for (const rehearse of [true, false]) {
    const asked = call('change', 'delete', { model: 'Character', key: character.id, stamp }, rehearse)
    await assert.rejects(asked, { code: 'READ_ONLY', status: 403 })
  }
  assert.equal((await call('hello')).write, false)
})

test('bytes are never served in a way that runs', async () => {
  const dataDir = `${folder()}/data`
  const store = createStore({ dataDir })
  const { id: userId } = await store.users.create({ email: 'a@example.org' })
  const put = (bytes, filename) => store.images.put(Buffer.from(bytes), { userId, type: 'image', filename })
  const svg = await put(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`, 'a.svg')
  const html = await put(`<!doctype html>${SCRIPT}`, `a"; x=y\r\n.html`)
  const png = await put(PNG, 'ä.png')
  // What a row says of its bytes is no more than somebody has written there.
  await store.images.update(svg.id, { mimeType: 'image/png' })
  await store.images.update(html.id, { mimeType: 'image/png', filename: 'a.png' })
  await store.close()
  const { ask, own } = await startStudio(dataDir)
  for (const { id } of [svg, html]) {
    const { status, headers } = await ask(`/api/payload?id=${id}`, { headers: own })
    assert.equal(status, 200)
    assert.equal(headers['content-type'], 'application/octet-stream')
    assert.match(headers['content-disposition'], /^attachment; /)
    assert.match(headers['content-security-policy'], /default-src 'none'; sandbox/)
    assert.equal(headers['x-content-type-options'], 'nosniff')
  }
  const shown = await ask(`/api/payload?id=${png.id}`, { headers: own })
  assert.equal(shown.headers['content-type'], 'image/png')
  assert.match(shown.headers['content-disposition'], /^inline; filename\*=UTF-8''%C3%A4\.png$/)
  assert.ok(shown.bytes.equals(PNG))
  assert.equal(
    (await ask(`/api/payload?id=${png.id}`, { headers: { ...own, 'sec-fetch-site': 'cross-site' } })).status,
    403,
  )
})

test('records full of script, half emojis and 16 MB are texts like any other', async () => {
  const { dataDir, userId } = await filled()
  const { call, ask, own } = await startStudio(dataDir, ['--write'])
  const words = { personality: '', scenario: '', firstMessage: '' }
  const long = 'é'.repeat(7.5 * 1024 * 1024)
  const asked = async (description, name) => {
    const text = JSON.stringify({ userId, name, description, ...words })
    const { key } = await call('change', 'create', { model: 'Character', text }, false)
    return call('record', 'Character', key)
  }
  const scripted = await asked(SCRIPT, SCRIPT)
  assert.equal(JSON.parse(scripted.text).description, SCRIPT)
  assert.doesNotMatch((await ask('/', { headers: own })).text, /hacked/)
  const half = await asked('Hello 😀'.slice(0, 7), 'half')
  assert.equal(JSON.parse(half.text).description, 'Hello \ufffd')
  const large = await asked(long, 'large')
  assert.equal(JSON.parse(large.text).description.length, long.length)
  const { rows } = await call('list', 'Character', { columns: ['name', 'description'], orderBy: { name: 'desc' } })
  assert.ok(JSON.stringify(rows).length < 10_000)
  assert.equal(rows.find(({ label }) => label === 'large').cells.description.length, 161)
  const tooLarge = call(
    'change',
    'create',
    {
      model: 'Character',
      text: JSON.stringify({ userId, name: 'x', description: 'x'.repeat(17 << 20), ...words }),
    },
    true,
  )
  await assert.rejects(tooLarge, { code: 'TOO_LARGE', status: 413 })
})

test('what is private stays out of lists, and what is sealed needs the passphrase each time', async () => {
  const dataDir = `${folder()}/data`
  const store = createStore({ dataDir, passphrase: 'the passphrase' })
  const { id: userId } = await store.users.create({ email: 'a@example.org', passwordHash: 'a-hash' })
  const key = await store.connections.createApiKey({ userId, provider: 'OPENAI', label: 'k', key: 'sk-clear' })
  await store.users.setTotpSecret(userId, 'JBSWY3DPEHPK3PXP')
  await store.close()
  const { call } = await startStudio(dataDir)
  const columns = ['email', 'passwordHash', 'totp']
  const { rows } = await call('list', 'User', { columns })
  assert.deepEqual(rows[0].cells, { email: 'a@example.org', passwordHash: { is: 'hidden' }, totp: { is: 'sealed' } })
  const record = await call('record', 'ApiKey', key.id)
  assert.deepEqual(record.sealed, ['key'])
  assert.doesNotMatch(record.text, /sk-clear/)
  const reveal = (passphrase, ...of) => call('reveal', ...of, passphrase)
  await assert.rejects(reveal('another', 'ApiKey', key.id, 'key'), { code: 'WRONG_PASSPHRASE' })
  assert.equal(await reveal('the passphrase', 'ApiKey', key.id, 'key'), 'sk-clear')
  // The look before has unlocked nothing.
  await assert.rejects(reveal('another', 'ApiKey', key.id, 'key'), { code: 'WRONG_PASSPHRASE' })
  assert.equal(await reveal('the passphrase', 'User', userId, 'totp'), 'JBSWY3DPEHPK3PXP')
  await assert.rejects(reveal('the passphrase', 'User', userId, 'passwordHash'), { code: 'VALIDATION' })
})

test('in an app the app says who may come, and must say it', async () => {
  const { dataDir } = await filled()
  const store = createStore({ dataDir })
  for (const options of [undefined, {}, { authorize: true }, { authorize: undefined, write: true }]) {
    assert.throws(() => studio(store, options), { code: 'VALIDATION' }, JSON.stringify(options))
  }
  assert.throws(() => studio({}, { authorize: () => true }), { code: 'VALIDATION' })
  assert.throws(() => studio(store, { authorize: () => true, readOnly: true }), { code: 'VALIDATION' })
  const headers = { host: 'app.example', origin: 'https://app.example', 'content-type': 'application/json' }
  const post = (more = {}) =>
    new Request('https://app.example/admin/api/models', {
      method: 'POST',
      headers: { ...headers, 'x-quilltap-studio': '1', ...more },
      body: '[]',
    })
  for (const verdict of [false, undefined, null, 'yes', 1, {}]) {
    assert.equal((await studio(store, { authorize: () => verdict })(post())).status, 403, String(verdict))
  }
  const away = Response.redirect('https://app.example/signin')
  assert.equal(await studio(store, { authorize: async () => away })(post()), away)
  const answer = studio(store, { authorize: async () => true })
  assert.equal((await answer(post())).status, 200)
  assert.equal((await answer(post({ origin: 'https://evil.example' }))).status, 403)
  assert.equal((await answer(post({ 'sec-fetch-site': 'cross-site' }))).status, 403)
  // Behind a proxy, whose own name is another one.
  assert.equal((await answer(post({ host: '10.0.0.7:3000', 'x-forwarded-host': 'app.example' }))).status, 200)
  const page = await answer(new Request(`https://app.example/ad'"<b>min/`, { headers: { host: 'app.example' } }))
  assert.match(await page.text(), /src="\/ad&#39;%22%3Cb%3Emin\/assets\/studio\.js"/)
  await store.close()
})
