'use strict'

/** Where Next.js 16 keeps what it renders: under a symbol with its version behind this. */
const PREFIX = '@next/work-unit-async-storage@'
/** So many reads look for it: it is not there before the first page is loaded, and elsewhere never. */
let looks = 100
let found

function workUnits() {
  if (found === undefined && looks > 0) {
    looks--
    const symbols = Object.getOwnPropertySymbols(globalThis)
    found = globalThis[symbols.find(({ description }) => description?.startsWith(PREFIX))]
  }
  return found
}

/**
 * Is Next.js rendering ahead of a request? With `cacheComponents` it takes for static whatever is there
 * within one task. So a read that memory can answer must then take longer, as that of a database does, or
 * a page would show for ever what was in the store when it was built.
 */
function isPrerendering() {
  const unit = workUnits()?.getStore()
  return unit !== undefined && (unit.type.startsWith('prerender') || unit.stagedRendering != null)
}

module.exports = { isPrerendering }
