'use strict'

/** What is said where the package cannot run. It stands alone, for bundlers take it along. */
module.exports =
  'quilltap-store runs in Node.js only, not in the edge runtime or a browser. ' +
  "Import it from server code (a route handler, a server component, proxy.ts); for a route or middleware that says runtime = 'edge', take that line out."
