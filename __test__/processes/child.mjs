// Processes of a test, which end with it: one that outlived a failed test would keep the runner waiting.

import { fork } from 'node:child_process'
import { afterEach } from 'node:test'

const running = new Set()

/** Like `fork`, with a file of this folder; for the test that is under way. */
export function start(file, args, options) {
  const child = fork(new URL(file, import.meta.url), args, options)
  running.add(child)
  child.on('exit', () => running.delete(child))
  return child
}

afterEach(() => running.forEach((child) => child.kill('SIGKILL')))
