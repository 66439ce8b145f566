'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { CORE, OWN, REASONS, SUITES } = require('../postgres/suites.cjs')
const { root } = require('./support.cjs')

const page = fs.readFileSync(path.join(root, 'docs/scaling.md'), 'utf8')
const rows = page.split('\n').filter((line) => line.startsWith('| '))

test('whatever is left out on a database has a row in docs/scaling.md, and its file is there', () => {
  const used = [SUITES, CORE].flatMap(Object.values).flatMap(Object.values)
  assert.deepEqual([...new Set(used)].sort(), Object.keys(REASONS).sort())
  for (const reason of Object.values(REASONS)) {
    assert.ok(
      rows.some((row) => row.startsWith(`| ${reason}`)),
      reason,
    )
  }
  for (const file of [...Object.keys(SUITES), ...OWN]) assert.ok(fs.existsSync(path.join(root, '__test__', file)), file)
})
