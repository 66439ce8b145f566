// Takes the package's place where it cannot run. It has the same names, so that a bundler gets
// as far as this sentence.
const sentence =
  'quilltap-store runs in Node.js only, not in the edge runtime or a browser. ' +
  "Import it from server code (a route handler, a server component, proxy.ts); for a route or middleware that says runtime = 'edge', take that line out."

export const createStore = undefined
export const QuilltapAdapter = undefined
export const StoreError = undefined

throw new Error(sentence)
