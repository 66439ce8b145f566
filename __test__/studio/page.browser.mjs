// The studio in a real browser, as somebody uses it: Shakespeare's plays, and 200,000 chats.
//
//   node --test __test__/studio/page.browser.mjs
//
// It needs /usr/bin/chromium and `npm run build`. Screenshots of each page, at three widths and in both colour
// schemes, are written to `__test__/studio/screenshots/` when ALBUM=1. PLAY=<file> takes another play than
// Shakespeare's, which lies beside the repository; where there is none, the shipped scene is played.

import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { chromium } from 'playwright-core'
import support from './support.cjs'
import worlds from './world.cjs'

const { startStudio } = support
const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const album = join(import.meta.dirname, 'screenshots')
const WIDTHS = [360, 768, 1280]
const PATIENCE = 60_000

let browser
before(async () => {
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
})
after(() => browser.close())

/** A studio and a page in it; whatever the page complains of, or asks elsewhere for, fails the test. */
async function open(dataDir, { write = true, hash = '' } = {}) {
  const studio = await startStudio(dataDir, write ? ['--write'] : [])
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, permissions: ['clipboard-write'] })
  const page = await context.newPage()
  page.setDefaultTimeout(PATIENCE)
  const complaints = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on(
    'console',
    (message) =>
      message.type() === 'error' && !/status of (4\d\d|5\d\d)/.test(message.text()) && complaints.push(message.text()),
  )
  page.on('request', (request) => !request.url().startsWith(studio.origin) && complaints.push(request.url()))
  await page.goto(`${studio.next}${hash}`)
  const close = async () => {
    await context.close()
    await studio.end()
    assert.deepEqual(complaints, [])
  }
  return { page, close, ...studio }
}

/** Nothing that a screen reader or a keyboard would stumble over. */
async function accessible(page, name) {
  await page.evaluate(axe)
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }))
  const told = violations.map(
    ({ id, nodes }) =>
      `${id}: ${nodes
        .slice(0, 3)
        .map(({ html, failureSummary }) => `${html}\n${failureSummary}`)
        .join('\n')}`,
  )
  assert.deepEqual(told, [], name)
}

/** Looks at a page at each width and in both colour schemes: it fits, and is accessible. */
async function looked(page, name) {
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme })
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 800 })
      if (process.env.ALBUM) {
        await mkdir(album, { recursive: true })
        await writeFile(join(album, `${name}-${width}-${colorScheme}.png`), await page.screenshot())
      }
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
      assert.ok(over <= 0, `${name} at ${width}: ${over} pixels too wide`)
    }
    await accessible(page, `${name}, ${colorScheme}`)
  }
  await page.emulateMedia({ colorScheme: 'light' })
  await page.setViewportSize({ width: 1280, height: 800 })
}

const rowsOf = (page) => page.locator('.grid .row')

test('the plays are looked at', async () => {
  const { characters, chat, dataDir, image } = await worlds.shakespeare()
  const { page, close, origin } = await open(dataDir, { write: false })
  await page.getByRole('navigation').getByText('Character').waitFor()
  assert.equal(page.url(), `${origin}/`)
  await page.getByText('read-only').waitFor()
  await page.getByRole('heading', { name: 'State', level: 1 }).waitFor()
  await looked(page, 'state')

  await page
    .getByRole('navigation')
    .getByRole('link', { name: /^Character/ })
    .click()
  await rowsOf(page).first().waitFor()
  await page.getByRole('gridcell', { name: 'William' }).first().waitFor()
  await looked(page, 'list')
  await page.getByLabel('Search in Character').fill(characters[2].name.toUpperCase())
  await page.getByRole('gridcell', { name: characters[2].name, exact: true }).waitFor()
  await page.getByLabel('Search in Character').fill('')
  await page.getByText('Filter', { exact: true }).click()
  await page.getByText('Add a condition').click()
  await page.getByLabel('Value').fill(characters[1].name.slice(1, 4))
  await page.waitForFunction(() => /^[1-9] record/.test(document.querySelector('.list .status')?.textContent ?? ''))
  await looked(page, 'filter')

  await page.goto(`${origin}/#/Chat/${chat.id}`)
  await page.getByText('The picture of the house.').waitFor()
  await page.getByRole('log').getByRole('img').waitFor()
  assert.equal(await page.getByText('That is the question', { exact: true }).count(), 1)
  await page.getByLabel('The answer before').click()
  await page.getByText('Or not to be', { exact: true }).waitFor()
  await looked(page, 'chat')
  const log = page.getByRole('log')
  const shown = await log.locator('article').count()
  await log.evaluate((element) => (element.scrollTop = 0))
  await page.waitForFunction((shown) => document.querySelectorAll('.chat article').length > shown, shown)
  assert.ok((await log.evaluate((element) => element.scrollTop)) > 0, 'what was seen stays where it is')

  await page.goto(`${origin}/#/Binary/${image.id}`)
  await page.waitForFunction(() => document.querySelector('figure img')?.naturalWidth === 64)
  await looked(page, 'image')
  await page.goto(`${origin}/#/Binary`)
  await page.getByRole('link', { name: 'bill.svg' }).click()
  await page.getByText('Save bill.svg').waitFor()
  await page.waitForFunction(() => !document.querySelector('figure img'))
  assert.doesNotMatch(await page.title(), /hacked/)

  await page.keyboard.press('/')
  await page.getByLabel('Search everything').fill('household')
  await page
    .getByRole('link', { name: /household/i })
    .first()
    .waitFor()
  await looked(page, 'search')
  await page
    .getByRole('link', { name: /household/i })
    .last()
    .click()
  await page.locator('.wanted').waitFor()
  await close()
})

test('a record is changed, taken back, and not written over', async () => {
  const { characters, dataDir } = await worlds.shakespeare()
  const [character] = characters
  const { page, close, call } = await open(dataDir, { hash: `#/Character/${character.id}` })
  const name = page.getByLabel('name', { exact: true })
  await name.fill('Prince Hamlet')
  assert.match(await page.getByRole('textbox', { name: 'JSON' }).inputValue(), /"name": "Prince Hamlet"/)
  await looked(page, 'form')
  await page.keyboard.press('Control+s')
  const dialog = page.getByRole('dialog')
  await dialog.getByText('Prince Hamlet').waitFor()
  await looked(page, 'diff')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('heading', { name: 'Prince Hamlet' }).waitFor()
  await page.getByRole('button', { name: 'Undo' }).click()
  await page.getByRole('heading', { name: character.name }).waitFor()

  // A fault at its field, and in the text at its line.
  const json = page.getByRole('textbox', { name: 'JSON' })
  await json.fill((await json.inputValue()).replace('"isFavorite": false', '"isFavorite": 7'))
  await page.getByRole('button', { name: 'Review…' }).click()
  await page.locator('.field.faulty', { hasText: 'isFavorite' }).waitFor()
  await looked(page, 'fault')
  await json.fill('{\n  "id": "x",\n}')
  await page.getByRole('button', { name: /line 3, column \d/ }).waitFor()
  await page.getByRole('button', { name: 'Discard' }).click()

  // A picker that searches.
  await page.getByRole('button', { name: 'Choose userId' }).click()
  await dialog.getByRole('combobox').fill('will')
  await page.getByRole('option', { name: /William/ }).waitFor()
  await looked(page, 'picker')
  await page.keyboard.press('Escape')

  // Somebody else changes it meanwhile.
  await name.fill('Mine')
  const { stamp, text } = await call('record', 'Character', character.id)
  const theirs = { model: 'Character', key: character.id, stamp, text: text.replace('On the stage.', 'Behind it.') }
  await call('change', 'update', theirs, false)
  await page.getByText('This was changed elsewhere meanwhile.').waitFor()
  await page.getByRole('button', { name: 'Review…' }).click()
  await dialog.getByText('Behind it.').waitFor()
  await looked(page, 'conflict')
  await dialog.getByRole('button', { name: 'Review mine on top of theirs' }).click()
  await dialog.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('heading', { name: 'Mine' }).waitFor()
  const now = JSON.parse((await call('record', 'Character', character.id)).text)
  assert.deepEqual([now.name, now.scenario], ['Mine', 'Behind it.'])

  // A deletion tells what goes along.
  await page.getByRole('button', { name: 'Delete…' }).click()
  await dialog.getByText(/messages and events in 1 log/).waitFor()
  await looked(page, 'delete')
  await dialog.getByRole('button', { name: 'Delete' }).click()
  await page.getByText('Deleted Character Mine.').waitFor()
  assert.equal(await call('record', 'Character', character.id), null)
  await page.getByRole('button', { name: 'Undo' }).last().click()
  // That the change before was taken back may still be on the page.
  while ((await call('record', 'Character', character.id)) === null) await page.waitForTimeout(50)

  await page.goto(page.url().replace(/#.*/, '#/Character/new'))
  await page.getByLabel('name', { exact: true }).fill('Yorick')
  await page.getByRole('button', { name: 'Review…' }).click()
  await dialog.getByRole('button', { name: 'Create' }).click()
  await page.getByRole('heading', { name: 'Yorick' }).waitFor()
  await close()
})

test('what is sealed is shown for one look, and what is script is text', async () => {
  const { dataDir, userId } = await worlds.shakespeare()
  const { page, close, call, origin } = await open(dataDir)
  const { rows } = await call('list', 'ApiKey', {})
  await page.goto(`${origin}/#/ApiKey/${rows[0].key}`)
  await page.getByRole('button', { name: 'Look at key' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('The passphrase of the store').fill('wrong')
  await dialog.getByRole('button', { name: 'Open' }).click()
  await dialog.getByRole('alert').waitFor()
  await dialog.getByLabel('The passphrase of the store').fill(worlds.PASSPHRASE)
  await dialog.getByRole('button', { name: 'Open' }).click()
  await dialog.getByText('sk-the-clear-key').waitFor()
  await looked(page, 'sealed')
  await page.keyboard.press('Escape')
  assert.equal(await page.getByText('sk-the-clear-key').count(), 0)

  const script = `<script>document.title='hacked'</script><img src=x onerror="document.title='hacked'">`
  const text = JSON.stringify({
    userId,
    name: script,
    description: script.repeat(150_000),
    personality: script,
    scenario: '',
    firstMessage: 'javascript:alert(1)',
  })
  const { key } = await call('change', 'create', { model: 'Character', text }, false)
  await page.goto(`${origin}/#/Character/${key}`)
  await page.getByRole('heading', { name: '<script>' }).waitFor()
  await page
    .getByText(/of [\d,]+ characters/)
    .first()
    .waitFor()
  await page.goto(`${origin}/#/Character?q=onerror`)
  await page.getByRole('gridcell', { name: '<script>' }).first().waitFor()
  assert.doesNotMatch(await page.title(), /hacked/)
  await close()
})

test('faults are listed as files break, with the way to them', async () => {
  const { characters, dataDir } = await worlds.shakespeare()
  const { page, close, origin } = await open(dataDir)
  await page.goto(`${origin}/#/-/faults`)
  await page.getByText('Everything can be read').waitFor()
  const file = join(dataDir, 'characters', `${characters[3].id}.json`)
  const text = await readFile(file, 'utf8')
  await writeFile(file, text.replace('"name": "', '"name": '))
  const link = page.getByRole('link', { name: new RegExp(`^characters/${characters[3].id}\\.json:\\d+:\\d+$`) })
  await link.waitFor()
  assert.match(await link.getAttribute('href'), /^vscode:\/\/file\/.*\.json:\d+:\d+$/)
  await looked(page, 'faults')
  await writeFile(file, text)
  await page.getByText('Everything can be read').waitFor()
  await close()
})

test('200,000 records are scrolled through, by wheel, by bar and by keyboard', async () => {
  const { count, dataDir } = await worlds.many()
  const { page, close, origin } = await open(dataDir, { write: false })
  const asked = []
  page.on('request', (request) => request.url().endsWith('/api/list') && asked.push(request.postData()))
  await page.goto(`${origin}/#/Chat`)
  await page.getByText('200,000 records').waitFor()
  await rowsOf(page).first().getByRole('link').first().waitFor()
  const grid = page.getByRole('grid')
  const at = async (part, title) => {
    await grid.evaluate((element, part) => (element.scrollTop = element.scrollHeight * part), part)
    await page.getByRole('link', { name: title }).first().waitFor()
  }
  await at(0.5, /^Chat (99|100)\d{3}$/)
  assert.ok((await rowsOf(page).count()) < 80, 'only what is seen is in the page')
  await looked(page, 'many')
  await grid.focus()
  await page.keyboard.press('End')
  await page.getByRole('link', { name: `Chat ${count - 1}`, exact: true }).waitFor()
  await page.keyboard.press('ArrowUp')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: `Chat ${count - 2}` }).waitFor()
  await page.goBack()
  await page.getByRole('button', { name: 'updatedAt' }).click()
  await page.getByRole('button', { name: 'updatedAt' }).click()
  await page.locator('[role=columnheader][aria-sort=descending]').waitFor()
  await page.getByRole('link', { name: `Chat ${count - 1}`, exact: true }).waitFor()
  await page.getByLabel('Search in Chat').fill('chat 123456')
  await page.getByText('1 record').waitFor()
  await page.getByRole('link', { name: 'Chat 123456' }).waitFor()
  assert.ok(asked.length < 60, `${asked.length} pages were asked for`)
  await close()
})
