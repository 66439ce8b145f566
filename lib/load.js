'use strict'

/** The native part, or an error that says what was tried and what to do. */
function load() {
  try {
    return require('../generated/native.js')
  } catch (cause) {
    throw Object.assign(new Error(explain(cause), { cause }), { code: 'QUILLTAP_NATIVE_MISSING' })
  }
}

function explain(cause) {
  const report = process.platform === 'linux' ? process.report?.getReport?.() : undefined
  const libc = process.platform !== 'linux' ? '' : report?.header?.glibcVersionRuntime ? ' (glibc)' : ' (musl)'
  const place = `${process.platform}-${process.arch}${libc}`
  const reasons = []
  for (let error = cause; error instanceof Error; error = error.cause) reasons.push(`  ${error.message.split('\n')[0]}`)
  return [
    `quilltap-store has no native part for ${place}, Node ${process.versions.node}.`,
    'What was tried:',
    ...reasons,
    'It is one of these:',
    '  - optional packages were left out (npm install --omit=optional): install them',
    '  - the lock file was made on another system (npm/cli#4828): remove node_modules and the lock file, install again',
    '  - the image has another libc than the one installed for (Alpine is musl): install inside the image',
    '  - node_modules was copied from another machine: install on this one',
  ].join('\n')
}

module.exports = load()
