'use strict'

// Which suites hold on a store in a database too, and which of their tests do not apply there, each with its reason:
// `docs/scaling.md` has a row for each reason that begins with the same words.

/** @type {Record<string, string>} */
const REASONS = {
  files: 'Files to be read and edited by hand',
  check: '`check()` reads every file',
  order: 'Calls that nobody awaits are made in their order',
  events: "Events of a process's own changes have come",
  waiting: 'A waiting transaction is told that it cannot begin',
  swept: 'Expired sessions and tokens are swept at opening',
  folder: 'What the folder is called, where it is',
  alone: 'Declarations that contradict',
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
  'package/binaries.test.cjs': {
    'the same bytes lie there once': 'files',
    'a stream that breaks leaves nothing': 'files',
    'derived files lie beside the bytes': 'files',
    'a transaction takes bytes along': 'files',
    'a changed payload is told with its path': 'files',
    'processes that put and delete the same bytes at once': 'files',
  },
  'package/calls.test.cjs': {
    'calls made before the store is open are done in their order': 'order',
    'a failed opening fails every call that waits': 'folder',
    'the folder is that of the moment': 'folder',
  },
  'package/secrets.test.cjs': {},
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
  },
  'better-auth/collections.test.mjs': { 'they have types, references, uniques, events and cascades': 'check' },
  'better-auth/suites.test.mjs': {},
  'attacks/owners.test.cjs': {},
  'attacks/questions.test.cjs': {},
  'attacks/sign-in.test.cjs': { 'the keys of the secrets are not taken from a caller': 'files' },
}

/** Those that say themselves which of their stores is where. */
const OWN = ['postgres/moving.test.cjs', 'postgres/objects.test.cjs']

/** Those that are run once more, with payloads in object storage; what only holds there is in `objects.test.cjs`. */
const WITH_OBJECTS = ['package/binaries.test.cjs']

/**
 * The groups of the core's own tests in `tests/store/`, likewise. Those that are not here are of files as a whole.
 * @type {Record<string, Record<string, keyof typeof REASONS>>}
 */
const CORE = {
  auth: {},
  calls: {},
  image_tags: {},
  relations: {},
  repositories: {},
  times: {},
  secrets: {
    a_rotation_of_many_records_that_was_cut_off_is_gone_on_with: 'files',
    a_secret_that_somebody_wrote_clear_is_read_and_then_sealed: 'files',
    everything_that_is_sealed_is_sealed_anew: 'files',
    keys_that_are_lost_are_not_replaced_while_something_is_sealed: 'files',
  },
  collections: {
    a_broken_file_of_declarations_harms_nothing_else: 'files',
    a_crash_is_healed_by_whoever_comes_next: 'files',
    a_declared_collection_keeps_every_promise: 'files',
    a_log_of_ones_own_has_the_same_calls: 'files',
    a_process_that_declares_nothing_keeps_what_others_declared: 'files',
    a_reference_by_another_field_holds_like_one_by_id: 'check',
    declarations_are_joined_and_contradictions_refused: 'alone',
  },
  plans: {},
  prisma: {
    a_file_that_cannot_be_read_is_the_stores_error: 'files',
    an_answer_never_leaves_out_what_cannot_be_read: 'files',
  },
}

module.exports = { CORE, OWN, REASONS, SUITES, WITH_OBJECTS }
