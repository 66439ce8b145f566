// Takes the package's place where it cannot run. It has the same names, so that a bundler gets
// as far as this sentence.
import sentence from './lib/elsewhere.js'

export const copyStore = undefined
export const createStore = undefined
export const QuilltapAdapter = undefined
export const doctor = undefined
export const exportTo = undefined
export const importFrom = undefined
export const restore = undefined
export const studio = undefined
export const StoreError = undefined
export const verifyAgainst = undefined

throw new Error(sentence)
