'use strict'

const native = require('../load.js')

/**
 * What must be known of a model: its key, the fields that get an id or a time when they are not given, its
 * scalars, and where its relations lead.
 *
 * @typedef {{ key: string[], ids: string[], times: string[], changed: string[], scalars: string[],
 *   relations: Record<string, { model: string, own: boolean }> }} Table
 */

/** @type {Record<string, Table> | undefined} */
let known

/** @returns {Record<string, Table>} each model by its name */
const tables = () => (known ??= JSON.parse(native.dualTables()))

module.exports = { tables }
