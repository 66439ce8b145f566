import quilltap from './index.js'

export const { createStore, QuilltapAdapter, StoreError } = quilltap
