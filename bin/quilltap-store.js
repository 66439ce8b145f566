#!/usr/bin/env node
'use strict'

// The command line is in the native part; this finds it, or says why it is not there.

/** The exit code of what could not be done; see docs/cli.md. */
const FAILED = 3

function serve(studio) {
  const failed = (error) => {
    console.error(`error: ${error.message}`)
    process.exitCode = FAILED
  }
  require('../lib/studio/serve.js').serve(studio).catch(failed)
}

try {
  const { runCommandLine } = require('../lib/load.js')
  const { runtime } = require('../lib/runtime.js')
  // Node's own handler would raise the signal again, and end the process before what is half done is undone.
  // With a listener it is gone, and the native part hears Ctrl-C (but on Windows, where the system ends us).
  if (process.platform !== 'win32') process.on('SIGINT', () => {})
  const { code, studio } = runCommandLine(process.argv.slice(2), runtime(), (text) => text.normalize('NFC'))
  process.exitCode = code
  if (studio) serve(studio)
} catch (error) {
  console.error(`error: ${error.message}`)
  process.exitCode = FAILED
}
