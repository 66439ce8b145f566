// Takes the place of `quilltap-store/better-auth` where it cannot run; see stub.mjs.
import sentence from './lib/elsewhere.js'

export const quilltapAdapter = undefined
export const withAuth = undefined
export const authJsCookie = undefined

throw new Error(sentence)
