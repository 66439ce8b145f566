// Better Auth's own run through the life of users and groups that a directory provisions (SCIM), over HTTP.

import { once } from 'node:events'
import { createServer } from 'node:http'
import { scim } from '@better-auth/scim'
import { runSCIMLifecycle } from '@better-auth/test-utils/scim'
import { toNodeHandler } from 'better-auth/node'
import { organization } from 'better-auth/plugins'
import { expect, test } from 'vitest'
import { createStore } from '../../index.js'
import support from '../package/support.cjs'
import { authOn } from './support.mjs'

const TOKEN = 'the-credential-of-a-directory'

test('users and groups that a directory provisions', async () => {
  const store = createStore({ dataDir: support.folder() })
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const baseURL = `http://127.0.0.1:${server.address().port}`
  const credentials = [{ type: 'bearer', id: 'first', token: TOKEN }]
  const auth = authOn(store, {
    baseURL,
    plugins: [organization(), scim({ connections: [{ id: 'directory', credentials }] })],
  })
  server.on('request', toNodeHandler(auth))
  const passed = []
  const onCheckpoint = (checkpoint) => void passed.push(checkpoint)
  try {
    await runSCIMLifecycle({ baseURL, token: TOKEN, testId: 'quilltap', onCheckpoint })
  } finally {
    server.close()
    await store.close()
  }
  expect(passed.at(-1)).toBe('lifecycle-complete')
})
