// Types of Prisma's client over the models below: what an answer holds follows from `select`,
// `include` and `omit`. The same in spirit as the types that `prisma generate` writes, but generic:
// each is said once for all models.

import type { Imported, Store, StoreOptions, TransferOptions, verifyAgainst } from './index.js'

// Only what is exported below is.
export {}

type Simplify<T> = { [K in keyof T]: T[K] } & {}
type Enumerable<T> = T | T[]
type Without<T, U> = { [P in Exclude<keyof T, keyof U>]?: never }
/** One or the other, and not both. */
type XOR<T, U> = T extends object ? (U extends object ? (Without<T, U> & U) | (Without<U, T> & T) : U) : T

/** What the types know of a model; the models themselves stand at the end of this file. */
interface ModelTypes {
  /** `user` */
  accessor: string
  /** A record as it is read. */
  scalars: object
  /** Scalars that a new record must be given. */
  required: PropertyKey
  /** Scalars that hold the key of another record. */
  keys: PropertyKey
  /** Json fields that may be NULL. */
  nullableJson: PropertyKey
  /** What names one record, one key each. */
  unique: object
  relations: Record<string, RelationTypes>
}
interface RelationTypes {
  model: string
  list: boolean
  nullable: boolean
  /** The field at the other end. */
  back: PropertyKey
  /** The scalars here that hold its key. */
  keys: PropertyKey
}

type ModelName = keyof Models
type Scalars<M extends ModelName> = Models[M]['scalars']
type Relations<M extends ModelName> = Models[M]['relations']
type Accessor<M extends ModelName> = Models[M]['accessor']
type Target<M extends ModelName, K extends keyof Relations<M>> = Relations<M>[K] extends {
  model: infer T extends ModelName
}
  ? T
  : never
type Back<M extends ModelName, K extends keyof Relations<M>> = Relations<M>[K] extends { back: infer B } ? B : never
type Lists<M extends ModelName> = {
  [K in keyof Relations<M>]: Relations<M>[K] extends { list: true } ? K : never
}[keyof Relations<M>]
type Held<M extends ModelName> = {
  [K in keyof Relations<M>]: Relations<M>[K] extends { keys: never } ? never : K
}[keyof Relations<M>]
type ModelOf<A> = { [M in ModelName]: Accessor<M> extends A ? M : never }[ModelName]

/** What a client adds to the models: computed fields of extensions, and what it leaves out. */
interface Context {
  result: object
  omit: object
}
interface Plain {
  result: {}
  omit: {}
}
type ComputedOf<M extends ModelName, X extends Context> = (X['result'] extends { $allModels: infer All } ? All : {}) &
  (X['result'] extends { [K in Accessor<M>]: infer Own } ? Own : {})
type ComputedValue<F> = F extends { compute: (...args: any) => infer R } ? R : never
type Computed<M extends ModelName, X extends Context> = {
  [K in keyof ComputedOf<M, X>]: ComputedValue<ComputedOf<M, X>[K]>
}
type OmittedBy<M extends ModelName, X extends Context> = X['omit'] extends { [K in Accessor<M>]: infer O } ? O : {}

// ---- answers

type Chosen<S> = { [K in keyof S]-?: S[K] extends false | null | undefined ? never : K }[keyof S]
type ArgsIn<A> = A extends object ? A : {}
/** Beside what is looked for, arguments may have more: those of a call are still fresh literals here. */
type AndMore = Record<string, unknown>

type RelationResult<M extends ModelName, K extends keyof Relations<M>, A, X extends Context> = Relations<M>[K] extends {
  list: true
}
  ? Result<Target<M, K>, ArgsIn<A>, X>[]
  : Relations<M>[K] extends { nullable: true }
    ? Result<Target<M, K>, ArgsIn<A>, X> | null
    : Result<Target<M, K>, ArgsIn<A>, X>

type CountResult<M extends ModelName, A> = A extends { select: infer S } & AndMore
  ? { [K in Chosen<S> & string]: number }
  : { [K in Lists<M> & string]: number }

type SelectResult<M extends ModelName, S, X extends Context> = {
  [K in Chosen<S>]: K extends keyof Scalars<M>
    ? Scalars<M>[K]
    : K extends keyof Relations<M>
      ? RelationResult<M, K, S[K], X>
      : K extends '_count'
        ? CountResult<M, S[K]>
        : K extends keyof Computed<M, X>
          ? Computed<M, X>[K]
          : never
}
type IncludeResult<M extends ModelName, I, X extends Context> = {
  [K in Chosen<I> & (keyof Relations<M> | '_count')]: K extends keyof Relations<M>
    ? RelationResult<M, K, I[K], X>
    : CountResult<M, I[K & keyof I]>
}
type OmitKeys<O> = { [K in keyof O]: O[K] extends true ? K : never }[keyof O]
type Omitted<M extends ModelName, A, X extends Context> = A extends { omit: infer O } & AndMore
  ? OmitKeys<O> | Exclude<OmitKeys<OmittedBy<M, X>>, keyof O>
  : OmitKeys<OmittedBy<M, X>>
type Whole<M extends ModelName, A, X extends Context> = [Omitted<M, A, X> | keyof ComputedOf<M, X>] extends [never]
  ? Scalars<M>
  : Simplify<Omit<Scalars<M> & Computed<M, X>, Omitted<M, A, X> & PropertyKey>>

/** What a call with these arguments gives of a record. */
type Result<M extends ModelName, A, X extends Context = Plain> = A extends { select: infer S extends object } & AndMore
  ? Simplify<SelectResult<M, S, X>>
  : A extends { include: infer I extends object } & AndMore
    ? Simplify<Whole<M, A, X> & IncludeResult<M, I, X>>
    : Whole<M, A, X>

// ---- select, include, omit

type RelationArgs<M extends ModelName, K extends keyof Relations<M>, X extends Context> = Relations<M>[K] extends {
  list: true
}
  ? ManyArgs<Target<M, K>, X>
  : Relations<M>[K] extends { nullable: true }
    ? OneArgs<Target<M, K>, X> & { where?: WhereInput<Target<M, K>> }
    : OneArgs<Target<M, K>, X>
type CountSelection<M extends ModelName> = [Lists<M>] extends [never]
  ? {}
  : { _count?: boolean | { select?: { [K in Lists<M>]?: boolean | { where?: WhereInput<Target<M, K>> } } | null } }
type RelationSelection<M extends ModelName, X extends Context> = {
  [K in keyof Relations<M>]?: boolean | RelationArgs<M, K, X>
} & CountSelection<M>
type Select<M extends ModelName, X extends Context = Plain> = { [K in keyof Scalars<M>]?: boolean } & RelationSelection<
  M,
  X
> & {
    [K in keyof ComputedOf<M, X>]?: boolean
  }
type Include<M extends ModelName, X extends Context = Plain> = RelationSelection<M, X>
type OmitInput<M extends ModelName, X extends Context = Plain> = {
  [K in keyof Scalars<M> | keyof ComputedOf<M, X>]?: boolean
}

interface OneArgs<M extends ModelName, X extends Context = Plain> {
  /** Only these fields. */
  select?: Select<M, X> | null
  /** All but these fields. */
  omit?: OmitInput<M, X> | null
  /** These relations besides. */
  include?: Include<M, X> | null
}
interface ManyArgs<M extends ModelName, X extends Context = Plain> extends OneArgs<M, X> {
  where?: WhereInput<M>
  orderBy?: Enumerable<OrderByInput<M>>
  /** Begin at this record. */
  cursor?: WhereUniqueInput<M>
  /** How many; a negative number counts from the end. */
  take?: number
  skip?: number
  distinct?: Enumerable<keyof Scalars<M>>
}

// ---- where

type FieldOf<T> = Prisma.FieldRef<any, T>
interface Comparison<T> {
  lt?: T | FieldOf<T>
  lte?: T | FieldOf<T>
  gt?: T | FieldOf<T>
  gte?: T | FieldOf<T>
}
interface Membership<T, N> {
  in?: T[] | FieldOf<T[]> | N
  notIn?: T[] | FieldOf<T[]> | N
}
interface TextOperations {
  contains?: string | FieldOf<string>
  startsWith?: string | FieldOf<string>
  endsWith?: string | FieldOf<string>
  mode?: Prisma.QueryMode
}
/** `T` is the type of the values, `N` is null where the field may be null, `O` what else can be asked. */
type ValueFilter<T, N, O> = O &
  Membership<T, N> & { equals?: T | FieldOf<T> | N; not?: T | N | Omit<ValueFilter<T, N, O>, 'mode'> }
type Aggregated<T, V> = FilterOf<T> & { _count?: FilterOf<number>; _min?: FilterOf<T>; _max?: FilterOf<T> } & ([
    V,
  ] extends [number]
    ? { _avg?: FilterOf<number | null>; _sum?: FilterOf<T> }
    : {})
interface JsonOperations {
  path?: string[]
  mode?: Prisma.QueryMode
  string_contains?: string
  string_starts_with?: string
  string_ends_with?: string
  array_starts_with?: Prisma.InputJsonValue | null
  array_ends_with?: Prisma.InputJsonValue | null
  array_contains?: Prisma.InputJsonValue | null
  lt?: Prisma.InputJsonValue
  lte?: Prisma.InputJsonValue
  gt?: Prisma.InputJsonValue
  gte?: Prisma.InputJsonValue
}
type JsonFilter = JsonOperations & {
  equals?: Prisma.InputJsonValue | Prisma.JsonNullValueFilter
  not?: Prisma.InputJsonValue | Prisma.JsonNullValueFilter
}
type Nullness<T> = null extends T ? null : never
type OperationsOf<T> = [T] extends [boolean]
  ? {}
  : string extends T
    ? Comparison<string> & TextOperations
    : [T] extends [string]
      ? {}
      : Comparison<T>
/** The filter on a field of this type. */
type FilterOf<T> = unknown extends T
  ? never
  : Prisma.JsonValue extends T
    ? JsonFilter
    : [NonNullable<T>] extends [Date]
      ? ValueFilter<Date | string, Nullness<T>, Comparison<Date | string>>
      : ValueFilter<NonNullable<T>, Nullness<T>, OperationsOf<NonNullable<T>>>
type Asked<T> = Prisma.JsonValue extends T ? JsonFilter : FilterOf<T> | (T extends Date ? Date | string : T)

type ScalarWhereInput<M extends ModelName> = {
  AND?: Enumerable<ScalarWhereInput<M>>
  OR?: ScalarWhereInput<M>[]
  NOT?: Enumerable<ScalarWhereInput<M>>
} & { [K in keyof Scalars<M>]?: Asked<Scalars<M>[K]> }

interface ListFilter<M extends ModelName> {
  every?: WhereInput<M>
  some?: WhereInput<M>
  none?: WhereInput<M>
}
type OneFilter<M extends ModelName, N> = XOR<{ is?: WhereInput<M> | N; isNot?: WhereInput<M> | N }, WhereInput<M>>
type WhereInput<M extends ModelName> = {
  AND?: Enumerable<WhereInput<M>>
  OR?: WhereInput<M>[]
  NOT?: Enumerable<WhereInput<M>>
} & { [K in keyof Scalars<M>]?: Asked<Scalars<M>[K]> } & {
  [K in keyof Relations<M>]?: Relations<M>[K] extends { list: true }
    ? ListFilter<Target<M, K>>
    : Relations<M>[K] extends { nullable: true }
      ? OneFilter<Target<M, K>, null> | null
      : OneFilter<Target<M, K>, never>
}
type AtLeastOne<T> = { [K in keyof T]: { [P in K]: T[K] } & Partial<T> }[keyof T]
/** One unique field at least, and what else must hold. */
type WhereUniqueInput<M extends ModelName> = AtLeastOne<Models[M]['unique']> &
  Omit<WhereInput<M>, keyof Models[M]['unique']>

// ---- orderBy

type OrderOf<T> = null extends T ? Prisma.SortOrder | Prisma.SortOrderInput : Prisma.SortOrder
type OrderByInput<M extends ModelName> = { [K in keyof Scalars<M>]?: OrderOf<Scalars<M>[K]> } & {
  [K in keyof Relations<M>]?: Relations<M>[K] extends { list: true }
    ? { _count?: Prisma.SortOrder }
    : OrderByInput<Target<M, K>>
}
type OrderByAggregation<M extends ModelName> = { [K in keyof Scalars<M>]?: OrderOf<Scalars<M>[K]> } & {
  _count?: { [K in keyof Scalars<M>]?: Prisma.SortOrder }
  _avg?: { [K in Numbers<M>]?: Prisma.SortOrder }
  _sum?: { [K in Numbers<M>]?: Prisma.SortOrder }
  _min?: { [K in Sortable<M>]?: Prisma.SortOrder }
  _max?: { [K in Sortable<M>]?: Prisma.SortOrder }
}

// ---- create

type JsonInput<M extends ModelName, K> = K extends Models[M]['nullableJson']
  ? Prisma.NullableJsonNullValueInput | Prisma.InputJsonValue
  : Prisma.JsonNullValueInput | Prisma.InputJsonValue
type InputOf<M extends ModelName, K extends keyof Scalars<M>> = Prisma.JsonValue extends Scalars<M>[K]
  ? JsonInput<M, K>
  : Scalars<M>[K] | (Date extends Scalars<M>[K] ? string : never)
type Required_<M extends ModelName> = Models[M]['required'] & keyof Scalars<M>
type ScalarCreate<M extends ModelName, Leave> = { [K in Exclude<Required_<M>, Leave>]: InputOf<M, K> } & {
  [K in Exclude<keyof Scalars<M>, Required_<M> | Leave>]?: InputOf<M, K>
}
type KeysOf<M extends ModelName, K> = K extends keyof Relations<M>
  ? Relations<M>[K] extends { keys: infer S }
    ? S
    : never
  : never
type MustHave<M extends ModelName> = {
  [K in Held<M>]: Relations<M>[K] extends { nullable: true } ? never : K
}[Held<M>]

/** With records of other models by `connect`, `create` …; `W` is the relation that leads here. */
type CreateInput<M extends ModelName, W = never> = ScalarCreate<M, Models[M]['keys']> & {
  [K in Exclude<MustHave<M>, W>]: NestedCreateOne<Target<M, K>, Back<M, K>>
} & { [K in Exclude<keyof Relations<M>, MustHave<M> | W>]?: NestedCreate<M, K> }
/** With the keys of other records. */
type UncheckedCreateInput<M extends ModelName, W = never> = ScalarCreate<M, KeysOf<M, W>> & {
  [K in Exclude<keyof Relations<M>, Held<M> | W>]?: NestedCreate<M, K>
}
type CreateManyInput<M extends ModelName, W = never> = ScalarCreate<M, KeysOf<M, W>>
type CreateEither<M extends ModelName, W = never> = XOR<CreateInput<M, W>, UncheckedCreateInput<M, W>>

type NestedCreate<M extends ModelName, K extends keyof Relations<M>> = Relations<M>[K] extends { list: true }
  ? NestedCreateMany<Target<M, K>, Back<M, K>>
  : NestedCreateOne<Target<M, K>, Back<M, K>>
interface CreateOrConnect<M extends ModelName, W> {
  where: WhereUniqueInput<M>
  create: CreateEither<M, W>
}
interface NestedCreateOne<M extends ModelName, W> {
  create?: CreateEither<M, W>
  connectOrCreate?: CreateOrConnect<M, W>
  connect?: WhereUniqueInput<M>
}
interface CreateManyEnvelope<M extends ModelName, W> {
  data: Enumerable<CreateManyInput<M, W>>
  skipDuplicates?: boolean
}
interface NestedCreateMany<M extends ModelName, W> {
  create?: CreateEither<M, W> | CreateInput<M, W>[] | UncheckedCreateInput<M, W>[]
  connectOrCreate?: Enumerable<CreateOrConnect<M, W>>
  createMany?: CreateManyEnvelope<M, W>
  connect?: Enumerable<WhereUniqueInput<M>>
}

// ---- update

interface NumberOperations {
  increment?: number
  decrement?: number
  multiply?: number
  divide?: number
}
type SetOf<T> =
  number extends NonNullable<T> ? NumberOperations & { set?: T } : { set?: T | (Date extends T ? string : never) }
type ChangeOf<M extends ModelName, K extends keyof Scalars<M>> = Prisma.JsonValue extends Scalars<M>[K]
  ? JsonInput<M, K>
  : InputOf<M, K> | SetOf<Scalars<M>[K]>
type ScalarUpdate<M extends ModelName, Leave = never> = { [K in Exclude<keyof Scalars<M>, Leave>]?: ChangeOf<M, K> }
type UpdateInput<M extends ModelName, W = never> = ScalarUpdate<M, Models[M]['keys']> & {
  [K in Exclude<keyof Relations<M>, W>]?: NestedUpdate<M, K>
}
type UncheckedUpdateInput<M extends ModelName, W = never> = ScalarUpdate<M, KeysOf<M, W>> & {
  [K in Exclude<keyof Relations<M>, Held<M> | W>]?: NestedUpdate<M, K>
}
type UpdateManyMutation<M extends ModelName> = ScalarUpdate<M, Models[M]['keys']>
type UncheckedUpdateMany<M extends ModelName, W = never> = ScalarUpdate<M, KeysOf<M, W>>
type UpdateEither<M extends ModelName, W = never> = XOR<UpdateInput<M, W>, UncheckedUpdateInput<M, W>>

type NestedUpdate<M extends ModelName, K extends keyof Relations<M>> = Relations<M>[K] extends { list: true }
  ? NestedUpdateMany<Target<M, K>, Back<M, K>>
  : Relations<M>[K] extends { nullable: true }
    ? NestedUpdateOptional<Target<M, K>, Back<M, K>>
    : NestedUpdateOne<Target<M, K>, Back<M, K>>
interface UpsertOne<M extends ModelName, W> {
  update: UpdateEither<M, W>
  create: CreateEither<M, W>
  where?: WhereInput<M>
}
interface UpdateOneWhere<M extends ModelName, W> {
  where?: WhereInput<M>
  data: UpdateEither<M, W>
}
interface UpsertOneOf<M extends ModelName, W> {
  where: WhereUniqueInput<M>
  update: UpdateEither<M, W>
  create: CreateEither<M, W>
}
interface UpdateOneOf<M extends ModelName, W> {
  where: WhereUniqueInput<M>
  data: UpdateEither<M, W>
}
interface UpdateManyOf<M extends ModelName, W> {
  where: ScalarWhereInput<M>
  data: XOR<UpdateManyMutation<M>, UncheckedUpdateMany<M, W>>
}
interface NestedUpdateOne<M extends ModelName, W> extends NestedCreateOne<M, W> {
  upsert?: UpsertOne<M, W>
  update?: XOR<XOR<UpdateOneWhere<M, W>, UpdateInput<M, W>>, UncheckedUpdateInput<M, W>>
}
interface NestedUpdateOptional<M extends ModelName, W> extends NestedUpdateOne<M, W> {
  disconnect?: WhereInput<M> | boolean
  delete?: WhereInput<M> | boolean
}
interface NestedUpdateMany<M extends ModelName, W> extends NestedCreateMany<M, W> {
  upsert?: Enumerable<UpsertOneOf<M, W>>
  set?: Enumerable<WhereUniqueInput<M>>
  disconnect?: Enumerable<WhereUniqueInput<M>>
  delete?: Enumerable<WhereUniqueInput<M>>
  update?: Enumerable<UpdateOneOf<M, W>>
  updateMany?: Enumerable<UpdateManyOf<M, W>>
  deleteMany?: Enumerable<ScalarWhereInput<M>>
}

// ---- arguments of the methods

interface UniqueArgs<M extends ModelName, X extends Context = Plain> extends OneArgs<M, X> {
  where: WhereUniqueInput<M>
}
interface CreateArgs<M extends ModelName, X extends Context = Plain> extends OneArgs<M, X> {
  data: CreateEither<M>
}
interface CreateManyArgs<M extends ModelName> {
  data: Enumerable<CreateManyInput<M>>
  skipDuplicates?: boolean
}
interface CreateManyAndReturnArgs<M extends ModelName, X extends Context = Plain>
  extends CreateManyArgs<M>, ReturnArgs<M, X> {}
/** Of what a call on many records gives back, to-one relations can be asked for. */
interface ReturnArgs<M extends ModelName, X extends Context = Plain> {
  select?: Pick<Select<M, X>, Exclude<keyof Select<M, X>, Lists<M> | '_count'>> | null
  omit?: OmitInput<M, X> | null
  include?: { [K in Held<M>]?: boolean | OneArgs<Target<M, K>, X> } | null
}
interface UpdateArgs<M extends ModelName, X extends Context = Plain> extends UniqueArgs<M, X> {
  data: UpdateEither<M>
}
interface UpdateManyArgs<M extends ModelName> {
  data: XOR<UpdateManyMutation<M>, UncheckedUpdateMany<M>>
  where?: WhereInput<M>
  limit?: number
}
interface UpdateManyAndReturnArgs<M extends ModelName, X extends Context = Plain>
  extends UpdateManyArgs<M>, ReturnArgs<M, X> {}
interface UpsertArgs<M extends ModelName, X extends Context = Plain> extends UniqueArgs<M, X> {
  create: CreateEither<M>
  update: UpdateEither<M>
}
interface DeleteManyArgs<M extends ModelName> {
  where?: WhereInput<M>
  limit?: number
}

type Numbers<M extends ModelName> = {
  [K in keyof Scalars<M>]: number extends NonNullable<Scalars<M>[K]>
    ? Prisma.JsonValue extends Scalars<M>[K]
      ? never
      : K
    : never
}[keyof Scalars<M>]
type Sortable<M extends ModelName> = {
  [K in keyof Scalars<M>]: Prisma.JsonValue extends Scalars<M>[K] ? never : boolean extends Scalars<M>[K] ? never : K
}[keyof Scalars<M>]
type CountSelect<M extends ModelName> = { [K in keyof Scalars<M> | '_all']?: true }
interface AggregateSelection<M extends ModelName> {
  _count?: true | CountSelect<M>
  _avg?: { [K in Numbers<M>]?: true }
  _sum?: { [K in Numbers<M>]?: true }
  _min?: { [K in Sortable<M>]?: true }
  _max?: { [K in Sortable<M>]?: true }
}
interface Paged<M extends ModelName> {
  where?: WhereInput<M>
  orderBy?: Enumerable<OrderByInput<M>>
  cursor?: WhereUniqueInput<M>
  take?: number
  skip?: number
}
interface CountArgs<M extends ModelName> extends Paged<M> {
  select?: CountSelect<M> | true
}
interface AggregateArgs<M extends ModelName> extends Paged<M>, AggregateSelection<M> {}
interface GroupByArgs<M extends ModelName> extends AggregateSelection<M> {
  by: Enumerable<keyof Scalars<M>>
  where?: WhereInput<M>
  orderBy?: Enumerable<OrderByAggregation<M>>
  having?: HavingInput<M>
  take?: number
  skip?: number
}
type HavingInput<M extends ModelName> = {
  AND?: Enumerable<HavingInput<M>>
  OR?: HavingInput<M>[]
  NOT?: Enumerable<HavingInput<M>>
} & { [K in keyof Scalars<M>]?: Asked<Scalars<M>[K]> | Aggregated<Scalars<M>[K], NonNullable<Scalars<M>[K]>> }

type CountOf<A> = A extends { select: infer S } & AndMore
  ? S extends true
    ? number
    : { [K in keyof S]: number }
  : number
type AggregatePart<M extends ModelName, P, S> = P extends '_count'
  ? S extends true
    ? number
    : { [K in keyof S]: number }
  : P extends '_avg' | '_sum'
    ? { [K in keyof S]: number | null }
    : { [K in keyof S]: K extends keyof Scalars<M> ? Scalars<M>[K] | null : never }
type AggregateResult<M extends ModelName, A> = {
  [P in keyof A & keyof AggregateSelection<M>]: AggregatePart<M, P, A[P]>
}
type ByOf<A> = A extends { by: infer B } & AndMore ? (B extends readonly (infer K)[] ? K : B) : never
type GroupResult<M extends ModelName, A> = Simplify<
  { [K in ByOf<A> & keyof Scalars<M>]: Scalars<M>[K] } & AggregateResult<M, A>
>

/** The arguments, and nothing that is not one of them. */
type SelectSubset<T, U> = { [K in keyof T]: K extends keyof U ? T[K] : never } & (T extends {
  select: object
  include: object
} & AndMore
  ? 'Please either choose `select` or `include`.'
  : T extends { select: object; omit: object } & AndMore
    ? 'Please either choose `select` or `omit`.'
    : {})
type Subset<T, U> = { [K in keyof T]: K extends keyof U ? T[K] : never }

// ---- the client

declare const TYPES: unique symbol

/** A promise of one record, of which relations can be asked: `findUnique(…).chats()`. */
type RecordPromise<M extends ModelName, T, X extends Context> = Prisma.PrismaPromise<T> & {
  [K in keyof Relations<M>]: Relations<M>[K] extends { list: true }
    ? <A extends ManyArgs<Target<M, K>, X> = {}>(
        args?: Subset<A, ManyArgs<Target<M, K>, X>>,
      ) => Prisma.PrismaPromise<Result<Target<M, K>, A, X>[] | Absent<T>>
    : <A extends OneArgs<Target<M, K>, X> = {}>(
        args?: Subset<A, RelationArgs<M, K, X>>,
      ) => RecordPromise<Target<M, K>, RelationResult<M, K, A, X> | Absent<T>, X>
}
type Absent<T> = null extends T ? null : never

interface BatchPayload {
  count: number
}

/** The methods of a model. */
interface Delegate<M extends ModelName, X extends Context = Plain> {
  readonly [TYPES]?: { model: M; context: X }
  /** The record that a unique field names, or null. */
  findUnique<A extends UniqueArgs<M, X>>(
    args: SelectSubset<A, UniqueArgs<M, X>>,
  ): RecordPromise<M, Result<M, A, X> | null, X>
  /** The same, but an error (P2025) instead of null. */
  findUniqueOrThrow<A extends UniqueArgs<M, X>>(
    args: SelectSubset<A, UniqueArgs<M, X>>,
  ): RecordPromise<M, Result<M, A, X>, X>
  /** The first record that fits, or null. */
  findFirst<A extends ManyArgs<M, X>>(
    args?: SelectSubset<A, ManyArgs<M, X>>,
  ): RecordPromise<M, Result<M, A, X> | null, X>
  /** The same, but an error (P2025) instead of null. */
  findFirstOrThrow<A extends ManyArgs<M, X>>(
    args?: SelectSubset<A, ManyArgs<M, X>>,
  ): RecordPromise<M, Result<M, A, X>, X>
  /** All records that fit. */
  findMany<A extends ManyArgs<M, X>>(args?: SelectSubset<A, ManyArgs<M, X>>): Prisma.PrismaPromise<Result<M, A, X>[]>
  create<A extends CreateArgs<M, X>>(args: SelectSubset<A, CreateArgs<M, X>>): RecordPromise<M, Result<M, A, X>, X>
  createMany<A extends CreateManyArgs<M>>(args?: SelectSubset<A, CreateManyArgs<M>>): Prisma.PrismaPromise<BatchPayload>
  createManyAndReturn<A extends CreateManyAndReturnArgs<M, X>>(
    args?: SelectSubset<A, CreateManyAndReturnArgs<M, X>>,
  ): Prisma.PrismaPromise<Result<M, A, X>[]>
  update<A extends UpdateArgs<M, X>>(args: SelectSubset<A, UpdateArgs<M, X>>): RecordPromise<M, Result<M, A, X>, X>
  updateMany<A extends UpdateManyArgs<M>>(args: SelectSubset<A, UpdateManyArgs<M>>): Prisma.PrismaPromise<BatchPayload>
  updateManyAndReturn<A extends UpdateManyAndReturnArgs<M, X>>(
    args: SelectSubset<A, UpdateManyAndReturnArgs<M, X>>,
  ): Prisma.PrismaPromise<Result<M, A, X>[]>
  /** Changes the record, or creates it where there is none. */
  upsert<A extends UpsertArgs<M, X>>(args: SelectSubset<A, UpsertArgs<M, X>>): RecordPromise<M, Result<M, A, X>, X>
  delete<A extends UniqueArgs<M, X>>(args: SelectSubset<A, UniqueArgs<M, X>>): RecordPromise<M, Result<M, A, X>, X>
  deleteMany<A extends DeleteManyArgs<M>>(args?: SelectSubset<A, DeleteManyArgs<M>>): Prisma.PrismaPromise<BatchPayload>
  count<A extends CountArgs<M>>(args?: Subset<A, CountArgs<M>>): Prisma.PrismaPromise<CountOf<A>>
  aggregate<A extends AggregateArgs<M>>(args: Subset<A, AggregateArgs<M>>): Prisma.PrismaPromise<AggregateResult<M, A>>
  groupBy<A extends GroupByArgs<M>>(args: Subset<A, GroupByArgs<M>>): Prisma.PrismaPromise<GroupResult<M, A>[]>
  /** To compare a field with another one. */
  readonly fields: { readonly [K in keyof Scalars<M>]: Prisma.FieldRef<M, Scalars<M>[K]> }
}

type Added<E, M extends ModelName> = (E extends { $allModels: infer All } ? All : {}) &
  (E extends { [K in Accessor<M>]: infer Own } ? Own : {})
type Delegates<X extends Context, E> = {
  readonly [M in ModelName as Accessor<M>]: {} extends E
    ? Delegate<M, X>
    : Omit<Delegate<M, X>, keyof Added<E, M>> & Added<E, M>
}

interface ClientMethods {
  /** Answers `SELECT 1`, as a health check asks; there is no other SQL here. */
  $queryRaw<T = unknown>(query: TemplateStringsArray | Prisma.Sql, ...values: any[]): Prisma.PrismaPromise<T>
  $queryRawUnsafe<T = unknown>(query: string, ...values: any[]): Prisma.PrismaPromise<T>
  /** @deprecated There is no SQL here: this rejects with the call to use. */
  $executeRaw(query: TemplateStringsArray | Prisma.Sql, ...values: any[]): Prisma.PrismaPromise<number>
  /** @deprecated There is no SQL here: this rejects with the call to use. */
  $executeRawUnsafe(query: string, ...values: any[]): Prisma.PrismaPromise<number>
}
interface TransactionOptions {
  isolationLevel?: Prisma.TransactionIsolationLevel
}
interface InteractiveOptions extends TransactionOptions {
  /** Milliseconds to wait for the transaction to begin; 2000 unless given. */
  maxWait?: number
  /** Milliseconds that it may take; 5000 unless given. */
  timeout?: number
}
type Unwrapped<P extends readonly unknown[]> = { [K in keyof P]: P[K] extends Prisma.PrismaPromise<infer T> ? T : P[K] }

/** A client with extensions. `Added` are the methods that they add to models (M) and to the client (C). */
type ExtendedClient<X extends Context, M, C, L extends string> = Omit<
  Delegates<X, M> & ClientMethods & ClientLife<X, M, C, L>,
  keyof C
> &
  C
interface ClientLife<X extends Context, M, C, L extends string> {
  $connect(): Promise<void>
  $disconnect(): Promise<void>
  $on<E extends L>(event: E, listener: (event: E extends 'query' ? Prisma.QueryEvent : Prisma.LogEvent) => void): this
  $transaction<P extends Prisma.PrismaPromise<any>[]>(
    promises: [...P],
    options?: TransactionOptions,
  ): Promise<Unwrapped<P>>
  $transaction<R>(
    work: (tx: Omit<ExtendedClient<X, M, C, L>, Denied>) => Promise<R>,
    options?: InteractiveOptions,
  ): Promise<R>
  $extends: Extends<X, M, C, L>
}
type Denied = '$connect' | '$disconnect' | '$on' | '$transaction' | '$extends'

type AnyAccessor = Accessor<ModelName> | '$allModels'
type NeedsOf<K, S> = {
  [F in keyof S]: F extends (K extends '$allModels' ? string : keyof Scalars<ModelOf<K>>) ? S[F] : never
} & {
  [F in K extends '$allModels' ? string : keyof Scalars<ModelOf<K>>]?: boolean
}
type NeededData<K, S> = K extends '$allModels'
  ? any
  : { [F in keyof S & keyof Scalars<ModelOf<K>> as S[F] extends true ? F : never]: Scalars<ModelOf<K>>[F] }
type ResultArgs<R> = {
  [K in keyof R]: { [F in keyof R[K]]?: { needs?: NeedsOf<K, R[K][F]>; compute(data: NeededData<K, R[K][F]>): any } }
}
interface QueryHook<Model, Operation, Args, Answer> {
  model: Model
  operation: Operation
  args: Args
  query: (args: Args) => Prisma.PrismaPromise<Answer>
}
type Hook<Model, Operation, Args = any, Answer = any> = (
  call: QueryHook<Model, Operation, Args, Answer>,
) => Promise<any>
type ModelHooks<M extends ModelName> = {
  [O in Operation]?: Hook<M, O, O extends keyof ArgsOf<M> ? ArgsOf<M>[O] : any>
} & { $allOperations?: Hook<M, Operation> }
type QueryArgs = { [M in ModelName as Accessor<M>]?: ModelHooks<M> } & {
  $allModels?: { [O in Operation]?: Hook<ModelName, O> } & { $allOperations?: Hook<ModelName, Operation> }
  $allOperations?: Hook<ModelName | undefined, string>
  $queryRaw?: Hook<undefined, '$queryRaw'>
  $queryRawUnsafe?: Hook<undefined, '$queryRawUnsafe'>
}

interface ArgsOf<M extends ModelName, X extends Context = Plain> {
  findUnique: UniqueArgs<M, X>
  findUniqueOrThrow: UniqueArgs<M, X>
  findFirst: ManyArgs<M, X>
  findFirstOrThrow: ManyArgs<M, X>
  findMany: ManyArgs<M, X>
  create: CreateArgs<M, X>
  createMany: CreateManyArgs<M>
  createManyAndReturn: CreateManyAndReturnArgs<M, X>
  update: UpdateArgs<M, X>
  updateMany: UpdateManyArgs<M>
  updateManyAndReturn: UpdateManyAndReturnArgs<M, X>
  upsert: UpsertArgs<M, X>
  delete: UniqueArgs<M, X>
  deleteMany: DeleteManyArgs<M>
  count: CountArgs<M>
  aggregate: AggregateArgs<M>
  groupBy: GroupByArgs<M>
}
type Operation = keyof ArgsOf<ModelName>
interface AnswerOf<M extends ModelName, A, X extends Context = Plain> {
  findUnique: Result<M, A, X> | null
  findUniqueOrThrow: Result<M, A, X>
  findFirst: Result<M, A, X> | null
  findFirstOrThrow: Result<M, A, X>
  findMany: Result<M, A, X>[]
  create: Result<M, A, X>
  createMany: BatchPayload
  createManyAndReturn: Result<M, A, X>[]
  update: Result<M, A, X>
  updateMany: BatchPayload
  updateManyAndReturn: Result<M, A, X>[]
  upsert: Result<M, A, X>
  delete: Result<M, A, X>
  deleteMany: BatchPayload
  count: CountOf<A>
  aggregate: AggregateResult<M, A>
  groupBy: GroupResult<M, A>[]
}

type ExtendedContext<X extends Context, R> = { result: X['result'] & R; omit: X['omit'] }
interface Extends<X extends Context, M, C, L extends string> {
  /** A client like this one, with more methods, computed fields, or functions around its queries. */
  <
    RShape extends { [K in AnyAccessor]?: unknown },
    R,
    ME extends { [K in AnyAccessor]?: Record<string, unknown> } = {},
    CE extends Record<string, unknown> = {},
  >(extension: {
    name?: string
    query?: QueryArgs
    result?: ResultArgs<RShape> & R
    model?: ME & { [K in keyof ME]: ME[K] & ThisType<K extends '$allModels' ? any : Delegate<ModelOf<K>, X> & ME[K]> }
    client?: CE & ThisType<ExtendedClient<X, M, C, L>>
  }): ExtendedClient<unknown extends R ? X : ExtendedContext<X, R>, M & ME, C & CE, L>
  <T>(extension: (client: ExtendedClient<X, M, C, L>) => T): T
}

type EventLevels<O> = O extends { log: readonly (infer D)[] }
  ? D extends { emit: 'event'; level: infer L extends Prisma.LogLevel }
    ? L
    : never
  : never
/** The very type `Plain` where nothing is omitted: so clients with other options are compared by name, not by their parts. */
type ClientContext<O> = O extends { omit: infer M extends object } ? { result: {}; omit: M } : Plain

/** The client: made like Prisma's own, over a folder instead of a database. */
export declare class PrismaClient<
  const O extends Prisma.PrismaClientOptions = Prisma.PrismaClientOptions,
  L extends string = EventLevels<O>,
> {
  constructor(options?: O)
}
export interface PrismaClient<O extends Prisma.PrismaClientOptions, L extends string>
  extends Delegates<ClientContext<O>, {}>, ClientMethods, ClientLife<ClientContext<O>, {}, {}, L> {}

export declare namespace Prisma {
  /** Lazy: nothing runs before somebody waits for it, or it is put into a `$transaction`. */
  interface PrismaPromise<T> extends Promise<T> {
    readonly [Symbol.toStringTag]: 'PrismaPromise'
  }
  interface FieldRef<Model, T> {
    readonly modelName: Model
    readonly name: string
    readonly typeName: string
    readonly isList: boolean
    /** No value, for the types alone. */
    readonly [TYPES]?: T
  }

  type LogLevel = 'query' | 'info' | 'warn' | 'error'
  interface LogDefinition {
    level: LogLevel
    emit: 'stdout' | 'event'
  }
  interface QueryEvent {
    timestamp: Date
    /** `prisma.user.findMany` */
    query: string
    /** The arguments and the selection, as JSON. */
    params: string
    /** Milliseconds. */
    duration: number
    target: string
  }
  interface LogEvent {
    timestamp: Date
    message: string
    target: string
  }
  type ErrorFormat = 'pretty' | 'colorless' | 'minimal'
  /** What `new PrismaClient` takes; options of `createStore` besides, unless a `store` is given. */
  interface PrismaClientOptions extends StoreOptions {
    /** A store that the app has already; its folder is this client's. */
    store?: Store
    log?: readonly (LogLevel | LogDefinition)[]
    errorFormat?: ErrorFormat
    transactionOptions?: InteractiveOptions
    /** Fields that are left out of every answer, unless a call asks for them. */
    omit?: GlobalOmit
  }
  type GlobalOmit = { [M in ModelName as Accessor<M>]?: { [K in keyof Scalars<M>]?: boolean } }
  /** What the function of a `$transaction` is given. */
  type TransactionClient = Omit<PrismaClient, Denied>
  type DefaultPrismaClient = PrismaClient
  type BatchPayload = { count: number }

  class PrismaClientKnownRequestError extends Error {
    constructor(
      message: string,
      given: { code: string; clientVersion: string; meta?: Record<string, unknown>; batchRequestIdx?: number },
    )
    code: string
    meta?: Record<string, unknown>
    clientVersion: string
    batchRequestIdx?: number
  }
  class PrismaClientUnknownRequestError extends Error {
    constructor(message: string, given: { clientVersion: string; batchRequestIdx?: number; cause?: unknown })
    clientVersion: string
    batchRequestIdx?: number
  }
  class PrismaClientRustPanicError extends Error {
    constructor(message: string, clientVersion: string)
    clientVersion: string
  }
  class PrismaClientInitializationError extends Error {
    constructor(message: string, clientVersion: string, errorCode?: string)
    clientVersion: string
    errorCode?: string
  }
  class PrismaClientValidationError extends Error {
    constructor(message: string, given: { clientVersion: string })
    clientVersion: string
  }

  type JsonObject = { [Key in string]?: JsonValue }
  interface JsonArray extends Array<JsonValue> {}
  type JsonValue = string | number | boolean | JsonObject | JsonArray | null
  type InputJsonObject = { readonly [Key in string]?: InputJsonValue | null }
  interface InputJsonArray extends ReadonlyArray<InputJsonValue | null> {}
  type InputJsonValue = string | number | boolean | InputJsonObject | InputJsonArray | { toJSON(): unknown }
  namespace NullTypes {
    class DbNull {
      private readonly DbNull: never
      private constructor()
    }
    class JsonNull {
      private readonly JsonNull: never
      private constructor()
    }
    class AnyNull {
      private readonly AnyNull: never
      private constructor()
    }
  }
  /** NULL of the database. */
  const DbNull: NullTypes.DbNull
  /** The JSON value `null`. */
  const JsonNull: NullTypes.JsonNull
  /** Either, in a filter. */
  const AnyNull: NullTypes.AnyNull
  type NullableJsonNullValueInput = NullTypes.DbNull | NullTypes.JsonNull
  const NullableJsonNullValueInput: { DbNull: NullTypes.DbNull; JsonNull: NullTypes.JsonNull }
  type JsonNullValueInput = NullTypes.JsonNull
  const JsonNullValueInput: { JsonNull: NullTypes.JsonNull }
  type JsonNullValueFilter = NullTypes.DbNull | NullTypes.JsonNull | NullTypes.AnyNull
  const JsonNullValueFilter: { DbNull: NullTypes.DbNull; JsonNull: NullTypes.JsonNull; AnyNull: NullTypes.AnyNull }
  /** As if the key that has it were not there. */
  const skip: unique symbol

  /** What `dmmf` is made of. */
  namespace DMMF {
    interface Datamodel {
      readonly models: readonly Model[]
      readonly enums: readonly DatamodelEnum[]
      readonly types: readonly Model[]
    }
    interface Model {
      readonly name: string
      /** Its table. */
      readonly dbName: string | null
      readonly schema: string | null
      readonly fields: readonly Field[]
      /** A key of several fields. */
      readonly primaryKey: PrimaryKey | null
      readonly uniqueFields: readonly (readonly string[])[]
      readonly uniqueIndexes: readonly uniqueIndex[]
      readonly documentation?: string
      readonly isGenerated?: boolean
    }
    interface Field {
      readonly name: string
      readonly kind: FieldKind
      readonly type: string
      readonly isList: boolean
      readonly isRequired: boolean
      readonly isUnique: boolean
      readonly isId: boolean
      /** Is it set by way of a relation? */
      readonly isReadOnly: boolean
      readonly isGenerated?: boolean
      readonly isUpdatedAt?: boolean
      readonly hasDefaultValue: boolean
      readonly default?: FieldDefault | FieldDefaultScalar | readonly FieldDefaultScalar[]
      readonly nativeType?: readonly [string, readonly string[]] | null
      readonly dbName?: string | null
      readonly documentation?: string
      readonly relationName?: string
      readonly relationFromFields?: readonly string[]
      readonly relationToFields?: readonly string[]
      readonly relationOnDelete?: string
      readonly relationOnUpdate?: string
    }
    type FieldKind = 'scalar' | 'object' | 'enum' | 'unsupported'
    type FieldDefaultScalar = string | boolean | number
    /** A function: `{ name: 'uuid', args: [4] }`. */
    interface FieldDefault {
      readonly name: string
      readonly args: readonly (string | number)[]
    }
    interface PrimaryKey {
      readonly name: string | null
      readonly fields: readonly string[]
    }
    interface uniqueIndex {
      readonly name: string | null
      readonly fields: readonly string[]
    }
    interface DatamodelEnum {
      readonly name: string
      readonly values: readonly EnumValue[]
      readonly dbName?: string | null
      readonly documentation?: string
    }
    interface EnumValue {
      readonly name: string
      readonly dbName: string | null
    }
  }
  /** The schema as data. */
  const dmmf: { readonly datamodel: DMMF.Datamodel }

  // The class of the package decimal.js, where that is installed; no column here is such a number.
  // @ts-ignore: it is known where decimal.js is installed
  type Decimal = import('decimal.js').Decimal
  // @ts-ignore: it is known where decimal.js is installed
  const Decimal: typeof import('decimal.js').Decimal

  type SortOrder = 'asc' | 'desc'
  const SortOrder: { asc: 'asc'; desc: 'desc' }
  type NullsOrder = 'first' | 'last'
  const NullsOrder: { first: 'first'; last: 'last' }
  type QueryMode = 'default' | 'insensitive'
  const QueryMode: { default: 'default'; insensitive: 'insensitive' }
  interface SortOrderInput {
    sort: SortOrder
    nulls?: NullsOrder
  }
  type TransactionIsolationLevel = 'ReadUncommitted' | 'ReadCommitted' | 'RepeatableRead' | 'Serializable'
  const TransactionIsolationLevel: { [L in TransactionIsolationLevel]: L }

  type JsonFilter = FilterOf<JsonValue>
  type JsonNullableFilter = FilterOf<JsonValue>

  class Sql {
    constructor(strings: readonly string[], values: readonly unknown[])
    readonly strings: string[]
    readonly values: unknown[]
    readonly sql: string
    readonly text: string
  }
  function sql(strings: TemplateStringsArray, ...values: unknown[]): Sql
  function join(values: unknown[], separator?: string, prefix?: string, suffix?: string): Sql
  function raw(text: string): Sql
  const empty: Sql

  const prismaVersion: { client: string; engine: string }
  /** Checks that what it is given is a `V`, and keeps its narrow type. */
  function validator<V>(): <S extends V>(value: S & { [K in Exclude<keyof S, keyof V>]: never }) => S
  function validator<C, A extends keyof C, O extends Operation>(
    client: C,
    model: A,
    operation: O,
  ): <S extends Args<C[A], O>>(value: S) => S
  function defineExtension<E>(extension: E): E extends (...args: any) => any ? E : (client: any) => any
  function getExtensionContext<T>(context: T): T & { $name?: string; $parent?: unknown; name?: string }

  /** The arguments of a method of a model: `Prisma.Args<typeof prisma.user, 'findMany'>`. */
  type Args<T, O extends Operation> = T extends {
    readonly [TYPES]?: { model: infer M extends ModelName; context: infer X extends Context }
  }
    ? ArgsOf<M, X>[O]
    : any
  /** What it answers with some arguments. */
  type Result<T, A, O extends Operation> = T extends {
    readonly [TYPES]?: { model: infer M extends ModelName; context: infer X extends Context }
  }
    ? AnswerOf<M, A, X>[O]
    : any
  /** Nothing but what `W` has. */
  type Exact<A, W> = A extends W ? { [K in keyof A]: K extends keyof W ? Exact<A[K], W[K]> : never } : W

  /** The record that `Prisma.validator` or a type of arguments describes. */
  type GetPayload<M extends ModelName, A = {}> = PayloadOf<M, A>
}
type PayloadOf<M extends ModelName, A> = A extends boolean | null | undefined ? Scalars<M> : Result<M, A>
export type PrismaPromise<T> = Prisma.PrismaPromise<T>

/** What `createDualClient` takes. */
export interface DualOptions<C> {
  /** The client of the database, or a function that makes it where it is needed. */
  primary?: C | (() => C)
  /** The store that is to take the database's place. */
  store?: Store
  /**
   * `prisma`: the database alone. `dual`: the database, and the store beside it. `json`: the store alone.
   * @default process.env.DATA_BACKEND, else 'prisma'
   */
  mode?: 'prisma' | 'dual' | 'json'
  /** How many of the reads are asked of the store too and compared, from 0 to 1. @default 0.1 */
  shadowShare?: number
  /** How long that may take, in milliseconds of each second. @default 100 */
  shadowBudget?: number
  /** So many writes may wait for the store; the rows of any more are copied later. @default 1000 */
  queue?: number
}

/**
 * The app's client while it moves from a database to a store: what it answers is what the database answers, and
 * what it changes is changed in the store as well. See docs/migrating.md.
 * @throws {StoreError} `VALIDATION` for an option that cannot be
 */
export declare function createDualClient<C extends object>(
  options: DualOptions<C>,
): C & {
  /** With `dual`: resolves when the store has done everything that the database has answered so far. */
  $settled?(): Promise<void>
}

/** How far a database and a store agree. Times are in milliseconds since 1970. */
export interface DualStatus {
  /** May the app be switched over to the store? */
  mayCutOver: boolean
  /** What stands in the way, each with what to do. */
  obstacles: string[]
  since: number | null
  /** Writes that are under way. */
  underWay: number
  /** Writes by how they ended: agreed, differed, failed, overlapped … */
  writes: Record<string, number>
  /** Shadow reads: those that agreed, and those that could not be judged, by why: `budget`, `queue`, `order` … */
  reads: { agreed: number; unclear: Record<string, number> }
  /** Answers that differed, without values. */
  differences: {
    model: string
    action: string
    fields: string[]
    ids: string[]
    count: number
    first: number
    last: number
  }[]
  /** Rows that wait to be copied from the database: at most 100 of them. */
  waiting: {
    model: string
    equals: Record<string, string>
    why: string
    since: number
    attempts: number
    error?: string
  }[]
  waitingInAll: number
  /** Writes that could not be logged. */
  lost: number
  verified: { time: number; differences: number } | null
}

/** What stands in the way of the cut-over; null where nothing was ever written to both sides. */
export declare function dualStatus(options?: Pick<StoreOptions, 'dataDir'>): Promise<DualStatus | null>

/** Makes everything in the store as it is in the database, as `npx quilltap-store dual repair` does. */
export declare function dualRepair(
  source: Parameters<typeof verifyAgainst>[0],
  options?: TransferOptions,
): Promise<{ clean: boolean; imported: Imported; removed: number; differences: number }>
