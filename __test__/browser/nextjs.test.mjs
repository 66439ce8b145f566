// A person with a browser and the example app: what only a real Next.js, a real Chromium
// and a server that is killed in the middle can show.
//
//   node --test __test__/browser/nextjs.test.mjs
//
// It needs /usr/bin/chromium, the package built in the root, and `npm install` in the example.
// SKIP_BUILD=1 takes the example's last build; PLAY=<file> another play than Shakespeare's, which
// lies beside the repository; where there is none, five casts play the shipped scene. With QUILLTAP_TEST_DATABASE everything
// is in that PostgreSQL server.

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { openAlbum, WIDE } from './album.mjs'
import { build, example, makeApp } from './app.mjs'
import { makePerson } from './person.mjs'
import { writeUnderstudies } from './understudies.mjs'

const { chromium } = createRequire(join(example, 'package.json'))('playwright-core')

const shakespeare = resolve(import.meta.dirname, process.env.PLAY ?? '../../../shared/data/shakespeare.txt')
const play = existsSync(shakespeare)
  ? { file: shakespeare, title: 'Shakespeare', messages: 7097, search: 'ROMEO' }
  : { file: null, title: 'Understudies', messages: 250, search: 'WREN' }

const database = process.env.QUILLTAP_TEST_DATABASE
const ADDRESS = 'prospero@example.org'
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

let app, browser, page, person, chatAddress, shoot
const pageFaults = []

before(async () => {
  await build()
  app = await makeApp(database)
  play.file ??= await writeUnderstudies(app.folder)
  await app.start()
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ARGUMENTS })
  page = await browser.newPage({ viewport: WIDE, colorScheme: 'light', reducedMotion: 'reduce' })
  page.setDefaultTimeout(30_000)
  person = makePerson(page, app, play)
  shoot = await openAlbum(page)
  page.on('pageerror', (error) => pageFaults.push(error.message))
})

after(async () => {
  await browser?.close()
  await app?.end()
})

test('signs in by the link in a mail, which a scanner may open first', async () => {
  await page.goto(app.address)
  await page.waitForURL('**/auth/signin**')
  await shoot('sign-in')
  const link = await app.linkFrom(async () => {
    await page.getByLabel('E-mail address').fill(ADDRESS)
    await page.getByRole('button', { name: 'Send me a link' }).click()
  })
  await page.waitForURL('**/auth/verify**')
  await shoot('verify')

  assert.equal((await fetch(link)).status, 200, 'the scanner sees the page with the button')
  await page.goto(link)
  await shoot('confirm')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.waitForURL('**/chats')
  await page.getByText('No scene has been played yet').waitFor()
  await shoot('no-chats')

  const stranger = await browser.newPage()
  await stranger.goto(link)
  await stranger.getByRole('button', { name: 'Sign in' }).click()
  await stranger.getByText('The link was used before').waitFor()
  await stranger.close()
  await page.goto(`${app.address}/auth/error?error=Verification`)
  await shoot('sign-in-error')
})

test('imports the shipped scene', async () => {
  await page.goto(`${app.address}/import`)
  await shoot('import')
  await page.getByRole('button', { name: 'Import this scene' }).click()
  await page.waitForURL('**/chats/*')
  await page.getByText('it is always', { exact: false }).waitFor()
  await page.getByText('The beginning · 50 messages').waitFor({ state: 'attached' })
  await shoot('chat-shipped')
})

test('says what is wrong with a text that is no play', async () => {
  await page.goto(`${app.address}/import`)
  await page.getByLabel('Or the text itself').fill('Just some words, and nobody who says them.')
  await page.getByRole('button', { name: 'Import', exact: true }).click()
  await page.getByText('No speech was found').waitFor()
  assert.match(await page.getByLabel('Or the text itself').inputValue(), /nobody who says them/, 'the text stays')
  await shoot('import-fault')
})

test('imports a whole play: a chat a scene, and once more as one long chat', async () => {
  await page.goto(`${app.address}/import`)
  await person.upload(play.title)
  await page.getByText(`“${play.title}” is in`).waitFor()
  await shoot('imported')

  await page.goto(`${app.address}/import`)
  await page.getByLabel('One in all').check()
  await person.upload(`${play.title} whole`)
  await page.waitForURL('**/chats/*')
  chatAddress = page.url()
  await page.locator('.speech').first().waitFor()
  await shoot('chat-long')
  assert.equal(await person.messagesOnDataPage(), 50 + 2 * play.messages)
})

test('reads a long chat backwards without losing the place', { skip: play.messages < 200 }, async () => {
  await page.goto(chatAddress)
  const speeches = page.locator('.speech')
  await speeches.first().waitFor()
  const shown = await speeches.count()
  const first = await speeches.first().getAttribute('data-message-id')
  const place = page.locator(`[data-message-id="${first}"]`)
  await place.scrollIntoViewIfNeeded()
  await page.waitForFunction((count) => document.querySelectorAll('.speech').length > count, shown)
  const box = await place.boundingBox()
  assert.ok(box.y > -400 && box.y < WIDE.height, `the message that was read is still there: ${box.y}`)
  await shoot('chat-earlier')
})

test('finds a character, tags it and makes it a favourite', async () => {
  await page.goto(`${app.address}/characters`)
  await shoot('characters')
  await page.getByRole('searchbox').fill(play.search)
  await page.getByRole('button', { name: 'Search' }).click()
  await page.waitForURL('**search=**')
  const names = await page.locator('.card-name').allInnerTexts()
  assert.ok(names.length > 0 && names.every((name) => name.toUpperCase().includes(play.search)), names.join())
  await page.locator('.card').first().click()
  await page.waitForURL('**/characters/*')
  await person.addTag('tragic')
  await person.addTag('in love')
  await page.getByRole('button', { name: 'Favourite' }).click()
  await page.locator('button[aria-pressed="true"]').waitFor()
  await shoot('character')

  await page.goto(`${app.address}/characters`)
  await page.getByRole('link', { name: 'tragic' }).click()
  await page.waitForURL('**tag=**')
  await page.getByText('1 character', { exact: true }).waitFor()
  assert.equal(await page.locator('.card').count(), 1)
  await page.locator('.card .star').waitFor()
  await shoot('characters-by-tag')
})

test('writes messages, edits one, and gets lines that the character said before', async () => {
  await page.goto(chatAddress)
  await person.say('What news from the quay?')
  await person.say('And who is that, behind you?\nHe has no shadow.')
  await page.getByText('quotes itself').last().waitFor()
  const mine = page.locator('.speech.mine').first()
  await mine.hover()
  await mine.getByRole('button', { name: 'Edit' }).click()
  await shoot('chat-editing')
  await mine.getByLabel('The message').fill('What news from the harbour?')
  await mine.getByRole('button', { name: 'Save' }).click()
  await mine.getByText('edited').waitFor()
  await shoot('chat-written')

  await page.getByRole('link', { name: 'Characters' }).click()
  await page.waitForURL('**/characters')
  await page.goBack()
  await page.getByText('What news from the harbour?').waitFor()
})

test('tags a chat', async () => {
  await page.getByText('Tags and more').click()
  await person.addTag('rehearsed')
  await shoot('chat-tags')
  await page.goto(`${app.address}/chats`)
  await page.getByRole('link', { name: 'rehearsed' }).first().waitFor()
  await shoot('chats')
})

test('kill -9: still signed in, and every message there', async () => {
  await page.goto(chatAddress)
  await person.say('Remember this.')
  await app.kill()
  await page.getByLabel('Your message').fill('Is anybody there?')
  await page.keyboard.press('Enter')
  await page.getByText('The server did not answer').waitFor()
  await shoot('server-gone')
  assert.equal(await page.getByLabel('Your message').inputValue(), 'Is anybody there?', 'the words come back')

  await app.start()
  await page.goto(chatAddress)
  await page.getByText('Remember this.').waitFor()
  await page.getByText('What news from the harbour?').waitFor()
  const expected = 50 + 2 * play.messages + 6
  assert.equal(await person.messagesOnDataPage(), expected)
  const kept = await app.messagesKept()
  assert.equal(sum(kept), expected, 'what is kept says the same as the page')
  assert.equal(kept.get(chatAddress.split('/').at(-1)), play.messages + 6)
  await shoot('data')
  await page.goto(`${app.address}/chats`)
  await page.getByRole('link', { name: 'rehearsed' }).first().waitFor()
})

test('kill -9 in the middle of an import: all of it is there, or nothing', async () => {
  const before = await person.messagesOnDataPage()
  await page.goto(`${app.address}/import`)
  const importing = app.importing()
  await person.upload('Cut short')
  await importing
  const faults = pageFaults.length
  await app.kill()
  // An answer of which a part has come shows a page that then breaks off: Next's, or the example's own for that.
  const said = /The server did not answer|“Cut short” is in|This page couldn’t load|This page could not be shown/
  await page.getByText(said).waitFor()
  pageFaults.length = faults
  await app.start()
  const kept = await person.messagesOnDataPage()
  assert.ok([before, before + play.messages].includes(kept), `${before} messages before, ${kept} behind`)
  assert.equal(sum(await app.messagesKept()), kept)
})

test('sees what was changed with an editor', { skip: Boolean(database) && 'there are no files' }, async () => {
  await page.goto(`${app.address}/characters?search=${play.search}`)
  await page.locator('.card').first().click()
  await page.waitForURL('**/characters/*')
  const file = join(app.dataDir, 'characters', `${page.url().split('/').at(-1)}.json`)
  await writeFile(file, (await readFile(file, 'utf8')).replace(/Speaks .* in /, 'Was seen by lamplight in '))
  await page.reload()
  await page.getByText('Was seen by lamplight').waitFor()
})

test('starts a chat with a character', async () => {
  await page.goto(`${app.address}/characters?search=${play.search}`)
  await page.locator('.card').first().click()
  await page.getByRole('button', { name: 'New chat' }).click()
  await page.waitForURL('**/chats/*')
  await person.say('We have met before.')
  await page.getByText('The beginning').waitFor()
  assert.equal(await page.locator('.speech').count(), 3)
  await shoot('chat-new')
})

test('deletes a message, a chat and a character, and asks before', async () => {
  const before = await person.messagesOnDataPage()
  await page.goto(chatAddress)
  const last = page.locator('.speech').last()
  await last.hover()
  await last.getByRole('button', { name: 'Delete' }).click()
  await shoot('delete-message')
  await page.getByRole('dialog').getByRole('button', { name: 'Keep' }).click()
  await last.hover()
  await last.getByRole('button', { name: 'Delete' }).click()
  const id = await last.getAttribute('data-message-id')
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await page.locator(`[data-message-id="${id}"]`).waitFor({ state: 'detached' })
  assert.equal(await person.messagesOnDataPage(), before - 1)

  await page.goto(chatAddress)
  await page.getByText('Tags and more').click()
  await page.getByRole('button', { name: 'Delete this chat' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await page.waitForURL('**/chats')
  assert.equal(await person.messagesOnDataPage(), before - 1 - (play.messages + 5))
  await page.goto(chatAddress)
  await page.getByText('There is nothing here').waitFor()
  await shoot('not-found')

  await page.goto(`${app.address}/characters?search=hale`)
  await page.locator('.card').first().click()
  await page.getByRole('button', { name: 'Delete', exact: true }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await page.waitForURL('**/characters')
  await page.goto(`${app.address}/characters?search=mrs%20hale`)
  await page.getByText('Nobody answers to that').waitFor()
  await shoot('nobody-found')

  const kept = await app.messagesKept()
  assert.equal(kept.has(chatAddress.split('/').at(-1)), false, 'the log of the deleted chat is gone')
  assert.equal(sum(kept), await person.messagesOnDataPage())
})

test('shows a stranger nothing', async () => {
  const stranger = await browser.newPage()
  await stranger.goto(chatAddress)
  await stranger.waitForURL('**/auth/signin**')
  const answer = await fetch(`${chatAddress.replace('/chats/', '/api/chats/')}/messages`)
  assert.equal(answer.status, 401)
  await stranger.close()
})

test('signs out', async () => {
  await page.goto(`${app.address}/chats`)
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.waitForURL('**/auth/signin')
  await page.goto(`${app.address}/data`)
  await page.waitForURL('**/auth/signin**')
  assert.deepEqual(pageFaults, [], 'no script of the pages threw')
})

function sum(counts) {
  return [...counts.values()].reduce((total, count) => total + count, 0)
}
