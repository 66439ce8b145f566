// Builds the studio's page into `generated/studio/`: one script, one style sheet, an icon.

import { copyFile, mkdir, rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'rolldown'

const source = fileURLToPath(new URL('../studio/', import.meta.url))
const target = fileURLToPath(new URL('../generated/studio/', import.meta.url))

await rm(target, { recursive: true, force: true })
await mkdir(target, { recursive: true })
await build({
  input: `${source}main.tsx`,
  output: { file: `${target}studio.js`, format: 'esm', minify: true },
  // How JSX is meant stands in `studio/tsconfig.json`.
  transform: { target: 'es2022' },
  logLevel: 'warn',
})
await copyFile(`${source}studio.css`, `${target}studio.css`)
await copyFile(`${source}icon.svg`, `${target}icon.svg`)
