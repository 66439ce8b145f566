'use strict'

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { Prisma, client } = require('./support.cjs')
const { cases, execute, judge, loadWorld } = require('./oracle/cases.cjs')
const { Bindings } = require('./oracle/values.cjs')

/** The cases of a group by their units, which share a world. */
function unitsOf(group) {
  const units = new Map()
  for (const recorded of cases.filter((one) => one.group === group)) {
    if (!units.has(recorded.unit)) units.set(recorded.unit, [])
    units.get(recorded.unit).push(recorded)
  }
  return units.values()
}

/** Runs the cases of a group, each unit in a world that no other has changed; gives what is wrong. */
async function replay(group) {
  const wrong = []
  let prisma
  for (const unit of unitsOf(group)) {
    prisma ??= await newWorld()
    const bindings = new Bindings()
    for (const recorded of unit) {
      const found = judge(recorded, await execute(prisma, Prisma, recorded, bindings), bindings)
      if (found) wrong.push(`${recorded.id} (${recorded.note}) ${recorded.model}.${recorded.method}: ${found}`)
    }
    if (unit.some(({ writes }) => writes)) {
      await prisma.$disconnect()
      prisma = undefined
    }
  }
  await prisma?.$disconnect()
  return wrong
}

async function newWorld() {
  const prisma = client()
  await loadWorld(prisma, Prisma)
  return prisma
}

for (const group of new Set(cases.map((one) => one.group))) {
  test(`answers as Prisma did: ${group}`, async () => assert.deepEqual(await replay(group), []))
}
