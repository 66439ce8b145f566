// Another process on the folder of a test: what it does is its second argument.

import { twoFactor } from 'better-auth/plugins'
import { passkey } from '@better-auth/passkey'
import { createStore } from '../../index.js'
import { ada, authOn, failure } from './support.mjs'

const [dataDir, task, times] = process.argv.slice(2)
const store = createStore({ dataDir })

const tasks = {
  /** Makes a second row with a code, over a plugin that does not know that it must be unique. */
  async coupon() {
    const plugin = { id: 'coupons', schema: { coupon: { fields: { code: { type: 'string' } } } } }
    const { adapter } = await authOn(store, { plugins: [plugin] }).$context
    const { code } = await failure(adapter.create({ model: 'coupon', data: { code: 'b' } }))
    return { code }
  },
  /** Signs a known person in, with tokens kept as hashes. */
  async signIn() {
    await authOn(store, {}, { hashSessionTokens: true }).api.signInEmail({ body: ada })
    return 'signed in'
  },
  /** Consumes codes while there are some, and adds to a counter. */
  async race() {
    const { adapter } = await authOn(store, { plugins: [passkey(), twoFactor()] }).$context
    const consumed = []
    for (let n = 0; n < Number(times); n++) {
      const row = await adapter.consumeOne({ model: 'verification', where: [{ field: 'identifier', value: 'code' }] })
      if (row) consumed.push(row.value)
      const where = [{ field: 'credentialID', value: 'c' }]
      await adapter.incrementOne({ model: 'passkey', where, increment: { counter: 1 } })
    }
    return { consumed }
  },
  /** Dies once the user is made, before the account is. */
  async dieInSignUp() {
    const die = { account: { create: { before: kill } } }
    await authOn(store, { databaseHooks: die }).api.signUpEmail({ body: ada })
  },
}

async function kill() {
  process.kill(process.pid, 'SIGKILL')
  await new Promise(() => {})
}

const answer = await tasks[task]()
await store.close()
process.send(answer)
process.disconnect()
