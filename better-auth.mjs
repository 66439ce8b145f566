import { createAdapterFactory } from 'better-auth/adapters'
import { adapterWith } from './lib/better-auth/index.js'

export const quilltapAdapter = adapterWith(createAdapterFactory)
