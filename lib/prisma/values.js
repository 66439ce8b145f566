'use strict'

/** How a second copy of this package knows these values. */
const BRAND = Symbol.for('quilltap.prisma.value')

/** A value that is known by its name: `Prisma.DbNull` and the like. */
function named(name) {
  const NamedNull = {
    [name]: class {
      constructor() {
        Object.defineProperty(this, BRAND, { value: name })
      }

      /** The name alone, as Prisma's own classes have it. */
      _getName() {
        return name
      }

      toString() {
        return `Prisma.${name}`
      }
    },
  }[name]
  return NamedNull
}

const NullTypes = { DbNull: named('DbNull'), JsonNull: named('JsonNull'), AnyNull: named('AnyNull') }
const nulls = {
  DbNull: new NullTypes.DbNull(),
  JsonNull: new NullTypes.JsonNull(),
  AnyNull: new NullTypes.AnyNull(),
}

/** As if the key that has it were not there. */
const skip = Object.defineProperty({ toString: () => 'Prisma.skip' }, BRAND, { value: 'skip' })

/** The name of one of the values above, else undefined. */
const nameOf = (value) => value[BRAND]

/** A field of a model, to be compared with another: `prisma.user.fields.name`. */
class FieldRef {
  constructor(modelName, name, typeName, isList) {
    Object.assign(this, { modelName, name, typeName, isList, isEnum: false })
    Object.defineProperty(this, BRAND, { value: 'FieldRef' })
  }
}

module.exports = { NullTypes, nulls, skip, nameOf, FieldRef }
