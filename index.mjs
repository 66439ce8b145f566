import quilltap from './index.js'

export const { createStore, QuilltapAdapter, doctor, restore, studio, StoreError } = quilltap
