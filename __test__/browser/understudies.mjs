// The play of a test that has no play at hand.

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { example } from './app.mjs'

/** Five casts play the shipped scene, one after the other: enough for several chats and pages. */
export async function writeUnderstudies(folder) {
  const scene = await readFile(join(example, 'scenes', 'the-night-ferry.txt'), 'utf8')
  const casts = [1, 2, 3, 4].map((cast) =>
    scene.replaceAll(/^(.*):$/gm, (_, name) => `Understudy ${cast} for ${name.at(-1)}${name.length}:`),
  )
  const file = join(folder, 'understudies.txt')
  await writeFile(file, [scene, ...casts].join('\n'))
  return file
}
