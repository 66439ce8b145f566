// Screenshots of each step, for a person to look at; git ignores them.

import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

export const WIDE = { width: 1280, height: 800 }
const PHONE = { width: 390, height: 844 }
const folder = join(import.meta.dirname, 'screenshots')

/** Empties the album and gives a function that takes a step's four pictures: wide and phone, light and dark. */
export async function openAlbum(page) {
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  let steps = 0
  return async (name) => {
    const number = String(++steps).padStart(2, '0')
    for (const [size, viewport] of Object.entries({ phone: PHONE, wide: WIDE })) {
      await page.setViewportSize(viewport)
      for (const colorScheme of ['dark', 'light']) {
        await page.emulateMedia({ colorScheme })
        await page.screenshot({ path: join(folder, `${number}-${name}-${size}-${colorScheme}.png`) })
      }
    }
  }
}
