'use strict'

// A bad network between processes and a server: each has a way of its own (a TCP proxy), and where the system permits it a
// network namespace of its own with nothing but that way in it.

const { execFileSync } = require('node:child_process')
const net = require('node:net')

const ip = (...args) => execFileSync('ip', args, { stdio: 'ignore' })

/** A way to a server that can be cut and slowed. `where()` gives its port. */
class Way {
  #target
  #pairs = new Set()
  #delay = () => 0
  #isOpen = true

  constructor(target) {
    this.#target = target
    this.server = net.createServer((near) => this.#join(near))
  }

  listen(host) {
    return new Promise((resolve) => this.server.listen(0, host, () => resolve(this.server.address().port)))
  }

  /** Where it leads from now on. */
  lead(target) {
    this.#target = target
  }

  /** How long each piece of what is said is held back, in milliseconds. */
  slow(delay) {
    this.#delay = delay
  }

  /** Cuts every connection, in the middle of whatever is said. */
  cut() {
    for (const pair of this.#pairs) pair.forEach((socket) => socket.destroy())
  }

  /** Nobody comes through until it is opened again. */
  close() {
    this.#isOpen = false
    this.cut()
  }

  open() {
    this.#isOpen = true
  }

  end() {
    this.server.close()
    this.cut()
  }

  #join(near) {
    if (!this.#isOpen) return near.destroy()
    const far = net.connect(this.#target)
    const pair = [near, far]
    this.#pairs.add(pair)
    for (const [from, to] of [pair, [far, near]]) {
      // In the order in which it came, however long each piece is held back.
      let last = Promise.resolve()
      const later = (say) => {
        const due = new Promise((resolve) => setTimeout(resolve, this.#delay()))
        last = Promise.all([last, due]).then(say)
      }
      from.on('data', (piece) => later(() => to.writable && to.write(piece)))
      from.on('end', () => later(() => to.end()))
      from.on('error', () => {})
      from.on('close', () => {
        this.#pairs.delete(pair)
        later(() => to.destroy())
      })
    }
  }
}

/** Namespaces of this process, each with an address of ours in it; none where the system does not permit any. */
function namespaces(count) {
  const made = []
  const remove = () => made.splice(0).forEach(({ name }) => ip('netns', 'del', name))
  try {
    for (let number = 1; number <= count; number++) {
      const name = `quilltap-${process.pid}-${number}`
      const [near, far] = [`q${process.pid}n${number}`, `q${process.pid}f${number}`]
      const part = `10.${200 + (process.pid % 50)}.${number}`
      ip('netns', 'add', name)
      made.push({ name, host: `${part}.1`, run: ['ip', 'netns', 'exec', name] })
      ip('link', 'add', near, 'type', 'veth', 'peer', 'name', far, 'netns', name)
      ip('addr', 'add', `${part}.1/30`, 'dev', near)
      ip('link', 'set', near, 'up')
      ip('-n', name, 'addr', 'add', `${part}.2/30`, 'dev', far)
      ip('-n', name, 'link', 'set', far, 'up')
    }
  } catch {
    remove()
    return []
  }
  process.on('exit', remove)
  return made
}

module.exports = { Way, namespaces }
