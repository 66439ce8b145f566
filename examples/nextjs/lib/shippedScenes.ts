import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

const folder = join(process.cwd(), 'scenes')

/** The scenes that come with the example: file names, first among them the one to start with. */
export async function shippedScenes() {
  return (await readdir(folder)).filter((name) => name.endsWith('.txt')).sort()
}

export async function shippedScene(name: string) {
  return readFile(join(folder, name), 'utf8')
}

/** `the-night-ferry.txt` as `The night ferry`. */
export function titleOfFile(name: string) {
  const words = name
    .replace(/\.[^.]*$/, '')
    .replaceAll(/[-_\s]+/g, ' ')
    .trim()
  return words.slice(0, 1).toUpperCase() + words.slice(1)
}
