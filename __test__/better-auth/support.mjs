// What the tests here have in common: a store, and Better Auth over it.

import { betterAuth } from 'better-auth'
import support from '../package/support.cjs'
import { createStore } from '../../index.js'
import { quilltapAdapter } from './adapter.mjs'

export const { failure, folder } = support

/** A store on a folder of its own, closed with the test. */
export function storeFor(t, options = {}) {
  const store = createStore({ dataDir: folder(), ...options })
  t.after(() => store.close())
  return store
}

/** Better Auth over a store; passwords are not stretched, for tests are not attacked. */
export function authOn(store, options = {}, adapterOptions = undefined) {
  const password = {
    hash: async (clear) => `hash of ${clear}`,
    verify: async ({ hash, password }) => hash === `hash of ${password}`,
  }
  return betterAuth({
    baseURL: 'http://localhost:3000',
    secret: 'a secret for tests, of more than thirty-two characters',
    logger: { disabled: true },
    telemetry: { enabled: false },
    rateLimit: { enabled: false },
    emailAndPassword: { enabled: true, password },
    database: quilltapAdapter(store, adapterOptions),
    ...options,
  })
}

/** Better Auth's adapter, as its own code has it. */
export async function adapterOn(store, options, adapterOptions) {
  return (await authOn(store, options, adapterOptions).$context).adapter
}

export const ada = { email: 'ada@example.test', password: 'correct horse', name: 'Ada' }

/** The cookies of an answer, as a browser sends them back. */
export function cookiesOf(response) {
  return new Headers({
    cookie: response.headers
      .getSetCookie()
      .map((line) => line.split(';')[0])
      .join('; '),
  })
}

/** Signs somebody up; gives the headers of their browser and their user. */
export async function signUp(auth, body = ada) {
  const response = await auth.api.signUpEmail({ body, asResponse: true })
  const { user, token } = await response.json()
  return { headers: cookiesOf(response), user, token }
}
