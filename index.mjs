import quilltap from './index.js'

export const {
  copyStore,
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
