'use strict'

// Which suites hold on a store in a database too, and which of their tests do not apply there, each with its reason:
// `docs/scaling.md` has a row for each reason that begins with the same words.

/** @type {Record<string, string>} */
const REASONS = {
  files: 'Files to be read and edited by hand',
  check: '`check()`, `snapshot()`, `backup`',
  order: 'Calls that nobody awaits are made in their order',
  queue: 'A `transaction(fn)` waits for its turn',
  bytes: 'Bytes of images',
  alone: 'Declarations that contradict',
  folder: 'What the folder is called, and where it is',
}

/**
 * The files of tests, each with those of its tests that are left out there: the name's beginning, and the reason.
 * @type {Record<string, Record<string, keyof typeof REASONS>>}
 */
const SUITES = {
  'auth/contract.test.cjs': {},
  'auth/contract-sealed.test.cjs': {},
  'auth/races.test.cjs': {},
  'auth/tokens.test.cjs': {},
  'auth/auth-js.test.cjs': {},
  'auth/next-auth.test.cjs': {},
  'package/calls.test.cjs': {
    'calls made before the store is open are done in their order': 'order',
    'a failed opening fails every call that waits': 'folder',
    'the folder is that of the moment': 'folder',
  },
  'package/secrets.test.cjs': {},
  'package/transaction.test.cjs': { 'transactions at once come one behind the other': 'queue' },
  'package/collections.test.cjs': {},
  'package/events.test.cjs': {},
  'package/arguments.test.cjs': {},
  'package/workers.test.cjs': {},
  'package/exit.test.cjs': {},
  'prisma/oracle.test.cjs': {},
  'prisma/client.test.cjs': {
    'a broken file gives an error that says which': 'files',
    'an id that others refer to can be changed': 'files',
  },
  'prisma/extensions.test.cjs': {},
  'prisma/transactions.test.cjs': { 'one that cannot begin within maxWait is P2028': 'queue' },
  'prisma/long.test.cjs': {},
  'prisma/sharing.test.cjs': {},
  'better-auth/adapter.test.mjs': {},
  'better-auth/collections.test.mjs': {},
  'better-auth/suites.test.mjs': {},
  'attacks/bounds.test.cjs': {},
  'attacks/questions.test.cjs': {},
  'attacks/sign-in.test.cjs': {},
  'attacks/seals.test.cjs': {},
  'attacks/owners.test.cjs': {},
}

module.exports = { REASONS, SUITES }
