// What Better Auth's plugins bring to a store, as types. Nothing of Better Auth is imported: its schemas are read
// from the type of what `betterAuth` gives.

import type { CollectionRepository, Models, ModelsWith, Repositories, Transactions } from './index.js'

/** The tables that Better Auth always has: the store's model, and the repository of its records. */
interface Core {
  user: { model: 'User'; repository: 'users' }
  session: { model: 'Session'; repository: 'sessions' }
  account: { model: 'Account'; repository: 'accounts' }
  verification: { model: 'Verification'; repository: 'verifications' }
}
type CoreRepository = Core[keyof Core]['repository']

type Flat<T> = { [K in keyof T]: T[K] } & {}
type AllOf<Union> = (Union extends unknown ? (one: Union) => void : never) extends (all: infer All) => void
  ? All
  : never

/** What `betterAuth` was given. */
type OptionsOf<A> = A extends { options: infer Options } ? Options : {}
/** The plugins, whether they are a tuple or a list, as a union. */
type PluginsOf<Options> = Options extends { plugins: readonly (infer Plugin)[] } ? Plugin : never
interface RateLimits {
  rateLimit: {
    fields: { key: { type: 'string'; unique: true }; count: { type: 'number' }; lastRequest: { type: 'number' } }
  }
}
/** The schemas that give tables or fields, as a union: one for each plugin, and those of the options. */
type SchemasOf<Options> =
  | (PluginsOf<Options> extends infer Plugin ? (Plugin extends { schema: infer Schema } ? Schema : never) : never)
  | (Options extends { rateLimit: { storage: 'database' } } ? RateLimits : never)
  | {
      [Table in keyof Core & keyof Options]: Options[Table] extends { additionalFields: infer Fields }
        ? { [Name in Table]: { fields: Fields } }
        : never
    }[keyof Core & keyof Options]

/** The names of the tables. A plugin whose type does not say which it has brings none. */
type TablesOf<Schemas> = Schemas extends unknown
  ? string extends keyof Schemas
    ? never
    : keyof Schemas & string
  : never
/** The fields that all of them together give a table. */
type FieldsOf<Schemas, Table extends string> = AllOf<
  Schemas extends { [Name in Table]: { fields: infer Fields } } ? Fields : never
>

type Kind<Type> = Type extends 'string'
  ? { type: 'string' }
  : Type extends 'number'
    ? { type: 'number' }
    : Type extends 'boolean'
      ? { type: 'boolean' }
      : Type extends 'date'
        ? { type: 'time' }
        : Type extends 'string[]'
          ? { type: 'array'; items: { type: 'string' } }
          : Type extends 'number[]'
            ? { type: 'array'; items: { type: 'number' } }
            : Type extends readonly (infer Word extends string)[]
              ? { enum: readonly Word[] }
              : { type: 'any' }
type KindOf<Field> = Field extends { type: infer Type } ? Kind<Type> : { type: 'any' }
type Optional<Field> = Field extends { required?: infer Required } ? (false extends Required ? true : false) : false
/** A field, as `createStore` would be told of it. */
type Declared<Field> = KindOf<Field> &
  (Optional<Field> extends true ? { optional: true } : {}) &
  (Field extends { unique: true } ? { unique: true } : {})
/** A field of a table that others write too: a user may have signed up with Auth.js. */
type DeclaredOptional<Field> = KindOf<Field> & { optional: true }

/** `twoFactor` makes `TwoFactor`, and `device-code` `DeviceCode`. */
type Words<Table extends string> = Table extends `${infer First}${'-' | '_'}${infer Rest}`
  ? `${Capitalize<First>}${Words<Rest>}`
  : Capitalize<Table>

/** The collections of plugins' tables: `authTwoFactor` is that of `twoFactor`. */
export type AuthCollections<A> =
  SchemasOf<OptionsOf<A>> extends infer Schemas
    ? {
        readonly [
          Table in Exclude<TablesOf<Schemas>, keyof Core | 'id'> as `auth${Words<Table>}`
        ]: CollectionRepository<{
          readonly file: `auth/plugins/${Table}.jsonl`
          readonly timestamps: false
          readonly fields: Flat<{
            readonly [Name in Exclude<keyof FieldsOf<Schemas, Table>, 'id'>]: Flat<
              Declared<FieldsOf<Schemas, Table>[Name]>
            >
          }>
        }>
      }
    : never

/** What plugins and `additionalFields` add to the store's own models. */
type AddedFields<Schemas> = {
  [Table in keyof Core & TablesOf<Schemas> as Core[Table]['model']]: {
    readonly [Name in keyof FieldsOf<Schemas, Table>]: DeclaredOptional<FieldsOf<Schemas, Table>[Name]>
  }
}

type RecordIn<Repository> = Repository extends { findById(id: string): Promise<infer Found> } ? NonNullable<Found> : {}
type CreateIn<Repository> = Repository extends { create(data: infer Data): unknown } ? Data : {}
type UpdateIn<Repository> = Repository extends { update(id: string, data: infer Data): unknown } ? Data : {}
/** The models as a store has them, with the fields that the app has added itself, and those of Better Auth's schema. */
type ModelsIn<S, Added> = Omit<Models, keyof ModelsOfCore<S, Added>> & ModelsOfCore<S, Added>
type ModelsOfCore<S, Added> = {
  [Table in keyof Core as Core[Table]['model']]: Flat<
    ModelsWith<Added>[Core[Table]['model']] & RecordIn<S[Core[Table]['repository'] & keyof S]>
  >
} & {
  [Table in keyof Core as `${Core[Table]['model']}Create`]: Flat<
    ModelsWith<Added>[`${Core[Table]['model']}Create`] & CreateIn<S[Core[Table]['repository'] & keyof S]>
  >
} & {
  [Table in keyof Core as `${Core[Table]['model']}Update`]: Flat<
    ModelsWith<Added>[`${Core[Table]['model']}Update`] & UpdateIn<S[Core[Table]['repository'] & keyof S]>
  >
}

type RepositoriesWithAuth<S, A> = Omit<S, CoreRepository | 'transaction'> &
  Pick<Repositories<ModelsIn<S, AddedFields<SchemasOf<OptionsOf<A>>>>>, CoreRepository> &
  AuthCollections<A>

/** A store with what Better Auth's plugins bring: `StoreWithAuth<typeof store, typeof auth>`. */
export type StoreWithAuth<S, A> = RepositoriesWithAuth<S, A> &
  (S extends { transaction(fn: (tx: infer Tx) => never): unknown } ? Transactions<RepositoriesWithAuth<Tx, A>> : {})
