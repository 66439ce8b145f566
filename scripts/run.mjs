// Runs one command after another; the first that fails ends it all with its exit code.

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))
export const example = fileURLToPath(new URL('../examples/nextjs/', import.meta.url))

/** Runs a command in a folder and waits for it; its output is ours. */
export function run(folder, command, ...args) {
  console.log(`\n> ${[command, ...args].join(' ')}`)
  const shell = process.platform === 'win32'
  const { status, error } = spawnSync(command, args, { cwd: folder, stdio: 'inherit', shell })
  if (error) console.error(error.message)
  if (status !== 0) process.exit(status ?? 1)
}

/** Installs those of Debian's packages that are not there. */
export function installPackages(packages) {
  const isThere = (name) => spawnSync('dpkg', ['-s', name], { stdio: 'ignore' }).status === 0
  const missing = packages.filter((name) => !isThere(name))
  if (missing.length === 0) return
  const apt = process.getuid() === 0 ? ['apt-get'] : ['sudo', 'apt-get']
  run(root, ...apt, 'update', '-qq')
  run(root, ...apt, 'install', '-y', '-qq', '--no-install-recommends', ...missing)
}
