'use strict'

// Which suites hold on a store in a database too, and which of their tests do not apply there, each with its reason:
// `docs/scaling.md` has a row for each reason that begins with the same words.

/** @type {Record<string, string>} */
const REASONS = {
  files: 'Files to be read and edited by hand',
  check: '`check()`, `snapshot()`, `backup`',
  order: 'Calls that nobody awaits are made in their order',
  events: "Events of a process's own changes have come",
  waiting: 'A waiting transaction is told that it cannot begin',
  slow: 'A change that takes long',
  swept: 'Expired sessions and tokens are swept at opening',
  unique: 'A field that a later version of a plugin declares unique',
  folder: 'What the folder is called, where it is',
}

const signedOut = (core) => ({ [`${core}: signing out takes the row away`]: 'files' })

/**
 * The files of tests, each with those of its tests that are left out there: the name's beginning, and the reason.
 * @type {Record<string, Record<string, keyof typeof REASONS>>}
 */
const SUITES = {
  'auth/contract.test.cjs': {},
  'auth/contract-sealed.test.cjs': {},
  'auth/races.test.cjs': { 'what has expired is swept when the folder is opened': 'swept' },
  'auth/tokens.test.cjs': {},
  'auth/auth-js.test.cjs': signedOut('Auth.js 5'),
  'auth/next-auth.test.cjs': signedOut('next-auth 4'),
  'package/calls.test.cjs': {
    'calls made before the store is open are done in their order': 'order',
    'a failed opening fails every call that waits': 'folder',
    'the folder is that of the moment': 'folder',
  },
  'package/secrets.test.cjs': { 'processes read and write secrets while others change the keys': 'slow' },
  'package/transaction.test.cjs': {},
  'package/events.test.cjs': {
    'each listener gets an event of its own': 'events',
    'a listener that was taken off, or whose store is closed': 'events',
  },
  'package/exit.test.cjs': {},
  'prisma/oracle.test.cjs': {},
  'prisma/client.test.cjs': {
    'a broken file gives an error that says which': 'files',
    'an id that others refer to can be changed': 'files',
  },
  'prisma/extensions.test.cjs': {},
  'prisma/transactions.test.cjs': { 'one that cannot begin within maxWait is P2028': 'waiting' },
  'prisma/long.test.cjs': {},
  'better-auth/adapter.test.mjs': {
    'a record has the store’s names': 'files',
    'a plugin that is taken out loses nothing': 'files',
    'with `encryptTokens` tokens are sealed at rest': 'files',
    'with `hashSessionTokens` a token is nowhere at rest': 'files',
    'what a later version of a plugin makes unique': 'unique',
  },
  'better-auth/collections.test.mjs': { 'they have types, references, uniques, events and cascades': 'check' },
  'better-auth/suites.test.mjs': {},
  'attacks/owners.test.cjs': {},
  'attacks/questions.test.cjs': {},
  'attacks/sign-in.test.cjs': { 'the keys of the secrets are not taken from a caller': 'files' },
}

module.exports = { REASONS, SUITES }
