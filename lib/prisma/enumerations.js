'use strict'

/** The enumerations of a schema: each under its name, and all under `$Enums`. */
function enumerations(schema) {
  const enums = {}
  for (const [name, values] of Object.entries(schema.enums)) {
    enums[name] = Object.fromEntries(values.map((value) => [value, value]))
  }
  return { $Enums: enums, ...enums }
}

module.exports = { enumerations }
