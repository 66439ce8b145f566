import quilltap from './index.js'

export const {
  createStore,
  QuilltapAdapter,
  doctor,
  exportTo,
  importFrom,
  restore,
  StoreError,
  studio,
  verifyAgainst,
} = quilltap
