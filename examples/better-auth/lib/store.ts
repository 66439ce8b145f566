import { createStore } from 'quilltap-store'

/** The folder is DATA_DIR, else ./data. */
export const store = createStore()
