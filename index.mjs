import quilltap from './index.js'

export const { createStore, QuilltapAdapter, restore, StoreError } = quilltap
