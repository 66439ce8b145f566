'use strict'

/** What runs this, with its version: `node 20.20.2`. Bun and Deno say which Node they are like, too. */
function runtime() {
  const { versions } = process
  const name = ['bun', 'deno', 'node'].find((one) => one in versions)
  return `${name} ${versions[name]}`
}

module.exports = { runtime }
