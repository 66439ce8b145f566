// Loads the native part as an app does, and makes one call of each kind: does this build run here?

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createStore } from '../index.mjs'

const dataDir = mkdtempSync(path.join(tmpdir(), 'quilltap-load-'))
const store = createStore({ dataDir })
const { id } = await store.users.create({ email: 'load@example.org' })
const found = await store.users.findById(id)
await store.close()
rmSync(dataDir, { recursive: true })
if (found?.id !== id) throw new Error(`expected the user ${id}, got ${JSON.stringify(found)}`)
console.log(`loads and runs on ${process.platform} ${process.arch}`)
