import { readdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'

export function dataFolder() {
  return resolve(/* turbopackIgnore: true */ process.env.DATA_DIR ?? './data')
}

/** Is everything in a database, and nothing in the folder? */
export function isInDatabase() {
  return Boolean(process.env.QUILLTAP_DATABASE_URL)
}

export interface FolderEntry {
  name: string
  files: number
  size: number
}

/** Each entry of the data folder with the number and the size of the files below it. */
export async function lookAtFolder(): Promise<FolderEntry[]> {
  const folder = dataFolder()
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  const looks = entries.map(async (entry) => {
    if (entry.isDirectory()) return { name: `${entry.name}/`, ...(await measure(join(folder, entry.name))) }
    return { name: entry.name, files: 1, size: await sizeOf(join(folder, entry.name)) }
  })
  return (await Promise.all(looks)).sort((one, other) => one.name.localeCompare(other.name))
}

async function measure(folder: string) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  const sizes = await Promise.all(files.map((file) => sizeOf(join(file.parentPath, file.name))))
  return { files: files.length, size: sizes.reduce((sum, size) => sum + size, 0) }
}

/** A file may be gone between the listing and the look: the store is at work. */
async function sizeOf(file: string) {
  return stat(file).then(
    (found) => found.size,
    () => 0,
  )
}
