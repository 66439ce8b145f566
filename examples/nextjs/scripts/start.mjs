// Runs the standalone server that `next build` made, with the static files beside it.

import { randomBytes } from 'node:crypto'
import { cp } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import nextEnvironment from '@next/env'

const example = resolve(import.meta.dirname, '..')
const standalone = join(example, '.next', 'standalone')
const server = join(standalone, 'server.js')

if (!existsSync(server)) {
  console.error('There is no build yet: run `npm run build` first.')
  process.exit(1)
}

nextEnvironment.loadEnvConfig(example)
process.env.NODE_ENV = 'production'
process.env.PORT ??= '3000'
process.env.NEXTAUTH_URL ??= `http://localhost:${process.env.PORT}`
// The server runs inside its own folder, so what is relative here must be made absolute.
process.env.DATA_DIR = resolve(example, process.env.DATA_DIR ?? 'data')
process.env.MAIL_DIR = resolve(example, process.env.MAIL_DIR ?? 'mail')
if (!process.env.NEXTAUTH_SECRET) {
  process.env.NEXTAUTH_SECRET = randomBytes(32).toString('base64url')
  console.log('NEXTAUTH_SECRET is not set: sign-in mails that nobody opened stop working at a restart.')
}

await cp(join(example, '.next', 'static'), join(standalone, '.next', 'static'), { recursive: true })
console.log(`Data in ${process.env.DATA_DIR}, mail in ${process.env.MAIL_DIR}`)
await import(pathToFileURL(server).href)
