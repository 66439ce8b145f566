// What a person does again and again in the example app.

export function makePerson(page, app, play) {
  return {
    async upload(title) {
      await page.getByLabel('A text file').setInputFiles(play.file)
      await page.getByLabel('Title').fill(title)
      await page.getByRole('button', { name: 'Import', exact: true }).click()
    },

    async addTag(name) {
      await page.getByLabel('Add a tag').fill(name)
      await page.getByRole('button', { name: 'Add', exact: true }).click()
      await page.getByRole('button', { name: `Remove the tag ${name}` }).waitFor()
    },

    /** Writes a message and waits for it and the answer to be in the log. */
    async say(words) {
      const shown = await page.locator('.speech[data-message-id]').count()
      await page.getByLabel('Your message').fill(words)
      await page.keyboard.press('Enter')
      await page.waitForFunction(
        (count) => document.querySelectorAll('.speech[data-message-id]').length >= count + 2,
        shown,
      )
    },

    /** The number of messages that the page 'Your data' shows; it has the store write its files first. */
    async messagesOnDataPage() {
      await page.goto(`${app.address}/data`)
      const figure = page.locator('.figures div').filter({ hasText: 'message' }).locator('dd')
      await figure.waitFor()
      return Number((await figure.innerText()).replaceAll(',', ''))
    },
  }
}
