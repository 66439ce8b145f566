/** Any JSON object. */
export interface JsonObject {
  [key: string]: any;
}

/** Any JSON value. */
export type JsonValue = string | number | boolean | null | JsonObject | ReadonlyArray<any>;

/** How a store is opened. */
export interface StoreOptions {
  /**
   * The folder, as a path or a `file:` URL; `process.env.DATA_DIR`, else `./data`, unless given. Made
   * when it is not there.
   */
  dataDir?: string | { readonly href: string; readonly protocol: string } | undefined;
  /**
   * A PostgreSQL database to keep everything in, in place of a folder: its address, or also how many connections the
   * store may have (8 unless given). `process.env.QUILLTAP_DATABASE_URL`, unless this or `dataDir` is given. What is of
   * folders (`dataDir`, `durability`, `allowNetworkFs`, `trustSharedFolder`) is refused beside it. See docs/scaling.md.
   */
  database?: string | { url: string; connections?: number | undefined } | undefined;
  /**
   * Object storage that speaks S3's protocol, as `'s3://bucket/prefix'`, for the bytes of images beside `database`; they are
   * in the database unless this or `process.env.QUILLTAP_PAYLOADS` is given. How it is reached and who asks, the usual
   * variables say: `AWS_ENDPOINT_URL`, `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`. See docs/scaling.md.
   */
  payloads?: string | undefined;
  /**
   * `strict` (the default): when a promise resolves, the change survives power loss.
   * `batched`: it survives the death of the process, and power loss 50 ms later.
   */
  durability?: 'strict' | 'batched' | undefined;
  /** Largest record, in bytes of its JSON text; 16 MiB unless given. */
  maxRecordBytes?: number | undefined;
  /**
   * How long a call waits for other processes before it fails with `LOCKED`, which names the one it
   * waited for, in milliseconds; 30,000 unless given.
   */
  lockTimeout?: number | undefined;
  /** How long a transaction may take, in milliseconds, at most 600,000; 5,000 unless given. */
  transactionTimeout?: number | undefined;
  /**
   * The folders from which `images.put` and `putDerived` take files by their path, and those below
   * them; links that lead elsewhere are refused. Any place unless given; none with `[]`.
   */
  pathsWithin?: readonly string[] | undefined;
  /**
   * What becomes of a key of a `where` that is `undefined`, and of a user's id that is, which would
   * make the question wider: `refuse` (the default) is `VALIDATION`, `ignore` takes it as left out.
   */
  undefinedInWhere?: 'refuse' | 'ignore' | undefined;
  /** Open a folder on a network file system without a warning. */
  allowNetworkFs?: boolean | undefined;
  /**
   * Trust whoever else may write in the folder, with sessions and users too: for volumes whose owner
   * or mode cannot be set. Otherwise that is told at opening, and files of `auth/`, `settings/` and
   * `journal/` that another user owns or may write are refused with `CORRUPT`.
   */
  trustSharedFolder?: boolean | undefined;
  /**
   * What the secrets are unlocked with, when the first one is needed: a text, bytes, or a function
   * that gives one. Unless given, what the file at `QUILLTAP_PASSPHRASE_FILE` holds, else
   * `QUILLTAP_PASSPHRASE`.
   */
  passphrase?: string | Uint8Array | (() => string | Uint8Array | Promise<string | Uint8Array>) | undefined;
  /** How a new passphrase is made a key: Argon2id with 64 MiB and 3 passes unless given. */
  kdf?: KeyDerivation | undefined;
}

/** How slowly a passphrase is made a key. */
export type KeyDerivation =
  | { kdf?: 'argon2id'; memoryKib?: number; passes?: number; lanes?: number }
  | { kdf: 'pbkdf2-sha256'; iterations?: number };

/** Whether a store has keys for its secrets, and whether they are here. */
export interface SecretsStatus {
  /** Was there ever a passphrase? */
  initialized: boolean;
  /** Are the keys in this process's memory? */
  unlocked: boolean;
  storeId?: string;
  /** The data key that everything is sealed with now. */
  keyId?: string;
  /** Was a `rotateKey` interrupted? Calling it again goes on with it. */
  rotating?: boolean;
  passphraseSince?: string | null;
  /** When the recovery key was made; null when there is none. */
  recoveryKeySince?: string | null;
  kdf?: KeyDerivation | null;
}

/** What `rotateKey` did. */
export interface KeyRotation {
  /** So many values are sealed with the new key. */
  resealed: number;
  /** These do not open under any key, and are as they were. */
  unreadable: { model: string; id: string; field: string }[];
}

/** What the app encrypted itself before it had this store, and its `ENCRYPTION_MASTER_PEPPER`. */
export interface LegacySecret {
  userId: string;
  ciphertext: string;
  iv: string;
  authTag: string;
  pepper: string;
}

/** A key for a model provider: in clear text, which is sealed, or sealed already. */
export type ApiKeyInput = Omit<ApiKeyCreate, 'ciphertext' | 'iv' | 'authTag'> &
  (
    | { key: string; ciphertext?: undefined; iv?: undefined; authTag?: undefined }
    | { key?: undefined; ciphertext: string; iv: string; authTag: string }
  );

/** What stands beside the sealed secret of one-time passwords. */
export interface TotpOptions {
  enabled?: boolean | undefined;
  verifiedAt?: string | Date | null | undefined;
}

/** How many backup codes a user has left. */
export interface BackupCodesLeft {
  remaining: number;
  createdAt: string;
}

/** What kind of failure it is. */
export type StoreErrorCode =
  | 'VALIDATION' | 'UNIQUE' | 'FOREIGN_KEY' | 'CORRUPT' | 'LOCKED' | 'READ_ONLY' | 'NO_SPACE'
  | 'IO' | 'CLOSED' | 'NO_PASSPHRASE' | 'WRONG_PASSPHRASE' | 'TAMPERED' | 'TOO_LARGE'
  | 'UNSUPPORTED_VERSION';

/** One fault of an input or a file. */
export interface StoreIssue {
  /** Where: `name`, `personaLinks[2].personaId`; empty for the whole. */
  path: string;
  expected: string;
  received: string;
}

/** Every failure of a store. */
export declare class StoreError extends Error {
  readonly code: StoreErrorCode;
  /** The model that it is about: `Character`. */
  readonly model?: string;
  /** The file, relative to the data folder, with line and column where known. */
  readonly path?: string;
  /** Every fault of the input, at most a hundred; the message says how many more there are. */
  readonly issues?: StoreIssue[];
}

/** What is asked of a text. */
export interface TextFilter<T = string> {
  equals?: T | null;
  not?: T | null | TextFilter<T>;
  in?: T[];
  notIn?: T[];
  contains?: string;
  startsWith?: string;
  endsWith?: string;
  lt?: T;
  lte?: T;
  gt?: T;
  gte?: T;
  /** Compare without case. */
  mode?: 'default' | 'insensitive';
}

/** What is asked of a number. */
export interface NumberFilter {
  equals?: number | null;
  not?: number | null | NumberFilter;
  in?: number[];
  notIn?: number[];
  lt?: number;
  lte?: number;
  gt?: number;
  gte?: number;
}

/** What is asked of true or false. */
export interface FlagFilter {
  equals?: boolean | null;
  not?: boolean | null;
}

/** What is asked of a list of values. */
export interface ListFilter<T> {
  has?: T;
  hasSome?: T[];
  hasEvery?: T[];
  isEmpty?: boolean;
  equals?: T[];
}

/** What is asked of a list of objects. */
export interface ObjectsFilter<T> {
  some?: Where<T>;
  every?: Where<T>;
  none?: Where<T>;
  isEmpty?: boolean;
}

/** What is asked of a field. */
export type FieldFilter<V> =
  NonNullable<V> extends string ? V | null | Date | TextFilter<NonNullable<V> | Date>
  : NonNullable<V> extends number ? V | null | NumberFilter
  : NonNullable<V> extends boolean ? V | null | FlagFilter
  : NonNullable<V> extends Array<infer Item> ? (Item extends object ? ObjectsFilter<Item> : ListFilter<Item>)
  : unknown;

/**
 * Which records: fields and what is asked of them; all must hold. A key may be left out but not be
 * `undefined`, which is refused: it would ask for everything.
 */
export type Where<T> = { [K in keyof T]?: FieldFilter<T[K]> } & {
  AND?: Where<T> | Where<T>[];
  OR?: Where<T>[];
  NOT?: Where<T> | Where<T>[];
};

/** The direction of an order; nulls come last when ascending, first when descending, unless said. */
export type SortOrder = 'asc' | 'desc' | { sort: 'asc' | 'desc'; nulls?: 'first' | 'last' };

/** The fields of an order. */
export type OrderBy<T> = { [K in keyof T]?: SortOrder };

/** Which records, in which order, and how many. */
export interface FindMany<T> {
  where?: Where<T> | undefined;
  /** Several keys as a list, or in the order of an object's keys. Ties keep creation order. */
  orderBy?: OrderBy<T> | OrderBy<T>[] | undefined;
  /** At most so many; a negative number counts from the end. */
  take?: number | undefined;
  skip?: number | undefined;
}

/** What `upsert` takes; `where` names the key, or all fields of a unique combination. */
export interface Upsert<Create, Update, Unique = { [field: string]: unknown }> {
  where: Unique;
  create: Create;
  update: Update;
}

/** A message, and the chat that it stands in. */
export type InChat<Message> = Message & { chatId: string };

/** A change of an API key, with a key in clear text, which is sealed. */
export type WithClearKey<Update> = Update & { key?: string | undefined };

/** Which part of a chat's log. */
export interface LogOptions {
  /** At most so many: the newest, or with `after` the next. */
  limit?: number | undefined;
  /**
   * Only those that stand before this message (its id), or of an earlier time. An id that is not in the
   * log, a deleted message's too, is a `VALIDATION` error.
   */
  before?: string | Date | undefined;
  /** Only those that stand behind this message (its id), or of a later time; as for `before`. */
  after?: string | Date | undefined;
  /** Only these types; messages alone unless said, or all for `getEvents`. */
  types?: string[] | undefined;
}

/** A message, or an event of any other type, of a chat's log. */
export interface ChatEvent {
  id: string;
  type: string;
  createdAt: string;
  [field: string]: unknown;
}

/** A message, or with another `type` an event, to be added to a chat. */
export type ChatEventCreate<Message = MessageCreate> =
  | Message
  | { type: string; id?: string; createdAt?: string | Date; [field: string]: unknown };

/**
 * Where bytes come from: memory, a regular file (`{ path }` or a `file:` URL), or anything that gives
 * pieces of bytes: a Node stream, a web stream, a `Blob` or `File`, an async iterable. A string is
 * never a path, for a client may send one where a file was expected; and a path or URL that a client
 * sent must not be passed on (`pathsWithin` says from which folders files are taken).
 */
export type ByteSource =
  | Uint8Array
  | ArrayBuffer
  | { readonly path: string }
  | { readonly href: string; readonly protocol: string }
  | { stream(): unknown }
  | { getReader(): unknown }
  | AsyncIterable<Uint8Array>;

/** A stream of bytes: Node's `Readable`. */
// @ts-ignore: it is known where the types of Node are installed
export type ByteStream = import('node:stream').Readable;

/** The row of bytes that the store has. */
export type StoredBinary = Binary & { sha256: string };

/**
 * What `images.put` takes besides the bytes. Size, SHA-256, width and height are those of the
 * bytes; `mimeType` counts only where the bytes do not say what they are; a `sha256` or `size`
 * that is given is compared. Unless given, `type` is `image` or `chat_file`, `filename` that of the
 * path or `File`, and `mimeType` that of the `Blob` or `File`.
 */
export type BinaryPut = Omit<BinaryCreate, 'sha256' | 'type' | 'filename' | 'relativePath' | 'mimeType' | 'size'> &
  Partial<Pick<BinaryCreate, 'sha256' | 'type' | 'filename' | 'mimeType' | 'size'>>;

/** A range of bytes; both ends are part of it, as in HTTP. */
export interface ByteRange {
  start?: number | undefined;
  end?: number | undefined;
}

/** How a web server may give bytes. */
export interface Serving {
  /** May a browser show it in a page? Never SVG, HTML or text. */
  inlineSafe: boolean;
  contentType: string;
  contentLength: number;
  disposition: 'inline' | 'attachment';
  /** Headers for the response, ready to be sent. */
  headers: { [name: string]: string };
}

/** One record that was changed, by whichever process. */
export interface ChangeEvent {
  model: string;
  collection: string;
  /**
   * Null when the key is a secret in itself, when a whole log was cleared, and when a log was edited by
   * hand of which nobody here knows what it was before.
   */
  id: string | null;
  type: 'create' | 'update' | 'delete';
  /** For messages and events. */
  chatId?: string;
}

/** A change in a store with logs of the app's own: for a row of `pings/{profileId}.jsonl` also its `profileId`. */
export type ChangeEventWith<C> = ChangeEvent & { [Field in { [K in keyof C]: IsLog<C[K]> }[keyof C]]?: string };

/** What the store holds and how it fares. */
/** Which way `store.migrateAuth` goes. */
export interface AuthMigrationOptions {
  to: 'better-auth' | 'auth.js';
  /** Only tells what it would do. */
  dryRun?: boolean;
  /** Providers that the two call otherwise, by Auth.js's name: `{ 'azure-ad': 'microsoft' }`. */
  providers?: Record<string, string>;
}

/** What a migration between libraries for sign-in has done, or would do. */
export interface AuthMigration {
  to: 'better-auth' | 'auth.js';
  dryRun: boolean;
  /** What was done, and to how many records. */
  done: { what: string; records: number; how: string }[];
  /** What is left for the app to see to. */
  attention: { what: string; records: number; how: string }[];
}

export interface StoreStats {
  records: { [collection: string]: number };
  journalBytes: number;
  durability: 'strict' | 'batched';
  filesShowEverything: boolean;
  lastFileError: string | null;
  /** What in the folder cannot be read, as sentences. */
  faults: string[];
  /** How often this process has waited for the database; only there. */
  roundTrips?: number;
}

declare global {
  // As in lib.esnext.disposable, for those who compile without it.
  interface SymbolConstructor {
    readonly asyncDispose: unique symbol;
  }
}

/** What `check` has looked at, and every fault that it found. */
export interface CheckReport {
  files: number;
  records: number;
  /** Of all logs. */
  rows: number;
  payloads: number;
  faults: CheckFault[];
}

/** Something in the folder that is not as it should be. */
export interface CheckFault {
  /**
   * `unreadable`: a file or a line that is no JSON, or no such record; `invalid`: a row of a log that is
   * given out, and is not what its model says; `unique`: a value that
   * another record has too; `relation`: an id of nothing; `count`: a number that is not that of the
   * log; `payload`: bytes that are missing or changed; `orphan`: a log or bytes without a record;
   * `stranger`: what is not of the store.
   */
  kind: 'unreadable' | 'invalid' | 'unique' | 'relation' | 'count' | 'payload' | 'orphan' | 'stranger';
  /** Relative to the folder; of an unreadable file with line and column. */
  path: string;
  model?: string;
  id?: string;
  /** What is wrong, and what to do. */
  message: string;
}

/** Which backups are kept. */
export interface BackupOptions {
  /**
   * `7d,4w` keeps the newest of each of the last seven days, and of each of the last four weeks, in which
   * there are any; `h`, `m` and `y` are hours, months and years.
   */
  keep?: string | undefined;
}

/** What a backup holds. */
export interface Backup {
  /** Where it is. */
  file: string;
  createdAt: string;
  files: number;
  /** The length of these files. */
  bytes: number;
  /** The length of the backup itself. */
  backupBytes: number;
  /** Older backups that were not to be kept, and are no longer there. */
  removed: string[];
  /** What it holds as it was in the folder: records that cannot be read, payloads that are not what was stored. */
  faults: string[];
}

/** How a backup is restored. */
export interface RestoreOptions {
  /** The folder, as for `createStore`. */
  dataDir?: StoreOptions['dataDir'];
  /**
   * Restore over a folder that is not empty, or that a process has open. It is not removed: it stands
   * beside the restored one afterwards, and that process goes on with it.
   */
  force?: boolean | undefined;
  /** Only look whether the backup is whole. */
  dryRun?: boolean | undefined;
}

/** What was restored. */
export interface Restored {
  /** When the backup was made. */
  createdAt: string;
  /** By which version of the package. */
  storeVersion: string;
  files: number;
  bytes: number;
  /** Where the folder is that was there before. */
  replaced: string | null;
  /** Did a process have it open? */
  wasOpen: boolean;
}

/** How far a transfer has come. */
export interface TransferProgress {
  /** `Checking`, `Importing`, `Comparing` … */
  what: string;
  unit: 'bytes' | 'things';
  done: number;
  /** How many there are, as far as it is known. */
  total: number | null;
}

/** What of an `AbortSignal` is needed. */
export interface GiveUpSignal {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** A path, or a `file:` URL. */
type Path = Exclude<StoreOptions['dataDir'], undefined>;

/** What every transfer takes. */
export interface TransferOptions {
  /** The folder, as for `createStore`. */
  dataDir?: StoreOptions['dataDir'];
  trustSharedFolder?: boolean | undefined;
  /** Hears a few times a second how far it has come. */
  onProgress?: ((progress: TransferProgress) => void) | undefined;
  /** Gives it up: it rejects with `CLOSED`. What was imported by then stays, and the same import goes on from there. */
  signal?: GiveUpSignal | undefined;
}

/** How a source comes over. */
export interface ImportOptions extends TransferOptions {
  /** The app's public folder, below which the files of images and chats lie. */
  publicDir?: Path | undefined;
  /** `reseal`: what the app encrypted becomes the store's own. @default 'keep' */
  secrets?: 'keep' | 'reseal' | undefined;
  /** With `reseal`: what the app encrypted with. @default process.env.ENCRYPTION_MASTER_PEPPER */
  pepper?: StoreOptions['passphrase'];
  /** With `reseal`: the store's passphrase; where it has none yet, this becomes it. */
  passphrase?: StoreOptions['passphrase'];
  /** What becomes of rows that the store has already, with other content. @default 'refuse' */
  existing?: 'refuse' | 'keep' | 'replace' | undefined;
  /** Only look: tell what would come over and what cannot. */
  dryRun?: boolean | undefined;
}

/** The first 10,000 of what was found, and how many more there are. */
export interface FoundList<T> {
  told: T[];
  more: number;
}

/** Something that cannot come over. */
export interface ImportProblem {
  table: string;
  key?: string;
  column?: string;
  message: string;
  /** What to do. */
  mend: string;
}

/** What came of an import. */
export interface Imported {
  /** Was anything written? Not where there are problems. */
  written: boolean;
  problems: FoundList<ImportProblem>;
  /** Rows that cannot come over only because what they refer to cannot. */
  following: number;
  tables: {
    table: string;
    rows: number;
    expired: number;
    made: number;
    same: number;
    kept: number;
    replaced: number;
  }[];
  /** Tables of the source that are none of the app's. */
  leftOut: string[];
  files: number;
  fileBytes: number;
  /** Rows whose file is not taken in. */
  missing: FoundList<{ table: string; key: string; path: string; reason: string }>;
  resealed: number;
}

/** How a store is copied. */
export interface CopyOptions {
  /** What becomes of records that the other store has already, with other content: `'refuse'` unless given. */
  existing?: 'refuse' | 'keep' | 'replace' | undefined;
  /** Go on with what changes meanwhile until this is aborted; then copy what is left, and compare. */
  follow?: GiveUpSignal | undefined;
  /** As for `createStore`, where the other store is in a database. */
  payloads?: StoreOptions['payloads'];
  trustSharedFolder?: boolean | undefined;
  onProgress?: ((progress: TransferProgress) => void) | undefined;
  /** Gives it up. */
  signal?: GiveUpSignal | undefined;
}

/** What came of a copy. */
export interface Copied {
  /** Records, and rows of logs. */
  records: number;
  /** Those of them that were not there. */
  put: number;
  payloads: number;
  /** SHA-256 over all that the source holds. */
  digest: string;
  /** Does the other store hold the same, and nothing else? */
  same: boolean;
}

/** What came of a comparison. */
export interface Verified {
  clean: boolean;
  tables: {
    table: string;
    sourceRows: number;
    storeRows: number;
    sourceDigest: string;
    storeDigest: string;
    same: boolean;
  }[];
  differences: FoundList<{
    table: string;
    key: string;
    kind: 'missing' | 'extra' | 'differs';
    columns?: string[];
  }>;
  problems: FoundList<ImportProblem>;
  /** Values that were sealed anew, and are not compared, by column. */
  resealed: Record<string, number>;
}

/** How rows are written. */
export interface ExportOptions extends TransferOptions {
  /** `postgres`: a file for psql; `ndjson`: an object a line. @default 'postgres' */
  format?: 'postgres' | 'ndjson' | undefined;
  /** For psql: empty the app's tables first, in the same transaction. */
  replace?: boolean | undefined;
}

/** What was written. */
export interface Exported {
  tables: Record<string, number>;
  rows: number;
  /** Rows, by table, that a database would refuse and that stay behind: a file of no chat. Not with `ndjson`. */
  leftOut: Record<string, number>;
}

/** What is looked at. */
export interface DoctorOptions {
  /** The folder, as for `createStore`. */
  dataDir?: StoreOptions['dataDir'];
  /** The folder of the app, with its `package.json`; the working folder unless given. */
  appDir?: string | undefined;
  /** The passphrase that is tried, as for `createStore`. */
  passphrase?: StoreOptions['passphrase'];
  trustSharedFolder?: boolean | undefined;
}

/** What was found, in the order in which it was looked at. */
export interface DoctorReport {
  findings: DoctorFinding[];
}

/** Something that was found. */
export interface DoctorFinding {
  /** What was looked at: `runtime`, `versions`, `folder`, `owner`, `room`, `processes`, `contents` … */
  check: string;
  /** `warning`: it works, and will not always; `fault`: it does not work. */
  level: 'good' | 'note' | 'warning' | 'fault';
  message: string;
  /** What to do; of warnings and faults. */
  advice: string | null;
}

/** What a store has besides its repositories. */
export interface StoreCalls<Event = ChangeEvent> extends SealingRepository, MigrationRepository {
  /** The keys of the secrets. */
  readonly secrets: SecretsRepository;
  /** Opens now instead of with the first call. */
  open(): Promise<void>;
  /**
   * Closes this handle; the folder is at rest when its last handle is closed. Waits for the calls under way and for what `flush`
   * waits for; the last of all processes also for each file written since the last checkpoint to be safe on the disk, one
   * by one, for the journal goes with that. Fails, and has closed, when a file cannot be written, which it
   * names: the change stays in the journal.
   */
  close(): Promise<void>;
  /**
   * Resolves when the files show every change so far; they follow within 100 ms anyway. Waits for one sync of the journal, for
   * a process that is writing the files, and for each file that does not show a change yet; not for the disk to have
   * these, for the journal has the changes. Fails when one of them cannot be written, which it names: the others are.
   */
  flush(): Promise<void>;
  /** Removes what has expired, drops dead lines, and starts the journal anew. */
  compact(): Promise<void>;
  stats(): Promise<StoreStats>;
  /**
   * Reads everything in the folder, the bytes of images and files too, and tells every fault at
   * once. It changes nothing, and everybody goes on writing meanwhile.
   */
  check(): Promise<CheckReport>;
  /**
   * Makes a consistent copy of the folder, with every change so far, in a folder that is new or
   * empty and outside `dataDir`, while everybody goes on writing. It is a data folder like any other.
   */
  snapshot(dir: string): Promise<void>;
  /**
   * Writes everything up to now into a new file outside `dataDir`, while everybody goes on writing;
   * `restore` makes a folder of it. With `keep`, `place` is a folder of such files, each named by its
   * time, from which those go that the schedule does not keep.
   */
  backup(place: string, options?: BackupOptions): Promise<Backup>;
  /** Calls a function for every record that is changed; gives a function that ends it. */
  on(event: 'change', fn: (event: Event) => void): () => void;
  off(event: 'change', fn: (event: Event) => void): void;
  /** Closes this handle: `await using store = createStore()`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Several calls as one atomic change. */
export interface Transactions<Tx> {
  /** Makes all calls on `tx` one atomic change; nothing stays when the function throws. */
  transaction<T>(fn: (tx: Tx) => Promise<T> | T, options?: { timeout?: number | undefined }): Promise<T>;
}

/** A store on a folder. */
export interface Store extends Repositories, StoreCalls, Transactions<Repositories> {}

/** Any object for each name of a model. */
export type ModelTypes = { [Name in keyof Models]: object };

/** What becomes of a reference when the record that it names goes; in a list, the entry goes. */
export type OnDelete = 'Cascade' | 'SetNull' | 'Restrict' | 'NoAction';

/** What a value is. */
export type KindDeclaration =
  | { readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'time' | 'json' | 'any' }
  /** One of these texts. */
  | { readonly type?: 'string'; readonly enum: readonly string[] }
  /** An id; with `references` that of a record, and what becomes of this one when that goes. */
  | { readonly type: 'id'; readonly references?: string; readonly onDelete?: OnDelete }
  /** A text that refers to a record of a collection by its unique field `by`. */
  | { readonly type: 'string'; readonly references: string; readonly by: string; readonly onDelete?: OnDelete }
  | { readonly type: 'array'; readonly items: KindDeclaration }
  | { readonly type: 'object'; readonly fields: FieldDeclarations };

/** One field of a collection, or of an object in it: see `docs/collections.md`. */
export type FieldDeclaration = KindDeclaration & {
  /** May it be null or absent? */
  readonly optional?: boolean;
  /** What is filled in when it is absent. */
  readonly default?: unknown;
  /** No two records have the same value in it. */
  readonly unique?: boolean;
  /** It is looked up by often; references and unique fields are indexed anyway. */
  readonly index?: boolean;
  /** For a list of objects: no two entries have the same value in this field. */
  readonly onePer?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly description?: string;
  /** On a text: it is kept sealed, records show it so, and `reveal` gives it. */
  readonly secret?: boolean;
};

/** Fields by their names, in the order in which they are written. */
export interface FieldDeclarations {
  readonly [name: string]: FieldDeclaration;
}

/** How `findMany` found its answer. */
export interface Explanation {
  /** One record by its key, those under a key of an index, or all. */
  readonly by: 'key' | 'index' | 'scan';
  /** The fields of the index, the one whose order it keeps last; empty for a scan. */
  readonly index: string[];
  /** Were the records sorted after they were found? */
  readonly sorts: boolean;
  /** How many records lie on the way that was gone. */
  readonly walked: number;
  /** How many of them were looked into, as the index did not say enough. */
  readonly lookedInto: number;
  readonly found: number;
}

/** A collection of the app's own: see `docs/collections.md`. */
export interface CollectionDeclaration {
  /**
   * Where its records are: `notes/{id}.json` (a file a record), `settings/notes.json` (one list),
   * `notes/notes.jsonl` (a line a record), `notes/{chatId}.jsonl` (a log for each chat).
   */
  readonly file: string;
  /** The key of the list in a `.json` file that holds all of them; the collection's name unless given. */
  readonly key?: string;
  /** The name in errors and events; the collection's name with a capital unless given. */
  readonly model?: string;
  readonly description?: string;
  /** For a log: the `type` of its lines; `entry` unless given. */
  readonly type?: string;
  /** Has it `createdAt` and `updatedAt`? It has unless this is false. */
  readonly timestamps?: boolean;
  /** Fields whose values together may occur once. */
  readonly unique?: ReadonlyArray<
    readonly string[] | { readonly fields: readonly string[]; readonly caseless?: boolean }
  >;
  /**
   * What lists of its records are sorted by: `[['userId', 'importance']]` keeps the records with one
   * `userId` in the order of `importance`, for `where`, `orderBy` and ranges; one field, all of them.
   */
  readonly indexes?: ReadonlyArray<readonly string[]>;
  readonly fields: FieldDeclarations;
}

/** Collections by their names. */
export interface CollectionDeclarations {
  readonly [collection: string]: CollectionDeclaration;
}

/** Fields added to built-in models, or such fields made wider. */
export type ModelDeclarations = {
  readonly [Name in keyof Models as Name extends `${string}Create` | `${string}Update` | `${string}Unique` ? never : Name]?: FieldDeclarations;
};

type Flat<T> = { [K in keyof T]: T[K] } & {};

/** The value of a kind, where a call gives it. */
type Given<K> =
  K extends { readonly enum: readonly (infer Word)[] } ? Word
  : K extends { readonly type: 'string' | 'id' | 'time' } ? string
  : K extends { readonly type: 'integer' | 'number' } ? number
  : K extends { readonly type: 'boolean' } ? boolean
  : K extends { readonly type: 'json' } ? JsonObject
  : K extends { readonly type: 'array'; readonly items: infer Item } ? Array<Given<Item>>
  : K extends { readonly type: 'object'; readonly fields: infer Fields } ? GivenFields<Fields>
  : unknown;

/** The value of a kind, where a call takes it. */
type Taken<K> =
  K extends { readonly enum: readonly (infer Word)[] } ? Word
  : K extends { readonly type: 'time' } ? string | Date
  : K extends { readonly type: 'array'; readonly items: infer Item } ? ReadonlyArray<Taken<Item>>
  : K extends { readonly type: 'object'; readonly fields: infer Fields } ? TakenFields<Fields>
  : Given<K>;

type IsOptional<F> = F extends { readonly optional: true } ? true : false;
type MayBeAbsent<F> = F extends { readonly optional: true } | { readonly default: unknown } ? true : false;
type OrNull<F> = F extends { readonly optional: true } ? null : never;

type GivenFields<F> = Flat<
  { -readonly [K in keyof F as IsOptional<F[K]> extends true ? never : K]: Given<F[K]> } & {
    -readonly [K in keyof F as IsOptional<F[K]> extends true ? K : never]?: Given<F[K]> | null;
  }
>;
type TakenFields<F> = Flat<
  { -readonly [K in keyof F as MayBeAbsent<F[K]> extends true ? never : K]: Taken<F[K]> } & {
    -readonly [K in keyof F as MayBeAbsent<F[K]> extends true ? K : never]?: Taken<F[K]> | OrNull<F[K]> | undefined;
  }
>;
type ChangedFields<F> = { -readonly [K in keyof F]?: Taken<F[K]> | OrNull<F[K]> | undefined };

/** Is one of the fields secret? */
type HasSecret<F> = { [K in keyof F]: F[K] extends { readonly secret: true } ? true : never }[keyof F] extends never
  ? false
  : true;

type IsLog<D> = D extends { readonly file: `${string}/{${infer Field}}.jsonl` } ? Field : never;
type TimesOf<D> =
  D extends { readonly timestamps: false } ? never : [IsLog<D>] extends [never] ? 'createdAt' | 'updatedAt' : 'createdAt';

/** A record of a declared collection: `CollectionRecord<typeof collections.memories>`. */
export type CollectionRecord<D extends CollectionDeclaration> = Flat<
  { id: string } & ([IsLog<D>] extends [never] ? {} : { type: string }) & GivenFields<D['fields']> & {
    [K in TimesOf<D>]: string;
  }
>;

/** What `create` takes for a declared collection. */
export type CollectionCreate<D extends CollectionDeclaration> = Flat<
  { id?: string | undefined } & TakenFields<D['fields']> & { [K in TimesOf<D>]?: string | Date | undefined }
>;

/** What `update` takes for a declared collection. */
export type CollectionUpdate<D extends CollectionDeclaration> = Flat<
  ChangedFields<D['fields']> & { [K in Exclude<TimesOf<D>, 'createdAt'>]?: string | Date | undefined }
>;

type Joined<Names> =
  Names extends readonly [infer Name extends string] ? Name
  : Names extends readonly [infer Name extends string, ...infer Rest] ? `${Name}_${Joined<Rest>}`
  : never;
type UniqueField<F> = { [K in keyof F]: F[K] extends { readonly unique: true } ? { [P in K]: string } : never }[keyof F];
type UniqueNames<Names> =
  Names extends { readonly fields: infer Inner } ? UniqueNames<Inner>
  : Names extends readonly string[] ? { [P in Names[number]]: string } | { [P in Joined<Names>]: { [Q in Names[number]]: string } }
  : never;
type UniqueLists<D> = D extends { readonly unique: ReadonlyArray<infer Names> } ? UniqueNames<Names> : never;

/** What names one record of a declared collection. */
export type CollectionUnique<D extends CollectionDeclaration> = { id: string } | UniqueField<D['fields']> | UniqueLists<D>;

/** The calls of a declared collection. */
export type CollectionRepository<D extends CollectionDeclaration> = CollectionCalls<
  CollectionRecord<D>,
  CollectionCreate<D>,
  CollectionUpdate<D>,
  CollectionUnique<D>
> &
  (D['fields'] extends { readonly userId: object } ? OwnedCalls<CollectionRecord<D>> : {}) &
  (D['fields'] extends { readonly tags: object } ? TaggedCalls<CollectionRecord<D>> : {}) &
  ([IsLog<D>] extends [never] ? {} : LogCalls<CollectionRecord<D>>) &
  (HasSecret<D['fields']> extends true ? SecretCalls<CollectionRecord<D>> : {});

/** The words of an enumeration that is made wider come to those that there are. */
type Widened<Old, F, New> =
  F extends { readonly enum: unknown } ? New | Extract<Old, string> : New;
type WidenedFields<Old, F, New> = {
  [K in keyof New]: K extends keyof F & keyof Old ? Widened<Old[K], F[K], New[K]> : New[K];
};
/** Fields that are declared anew stay as optional as they were. */
type Replaced<Old, F, New> = Flat<Omit<Old, keyof New> & WidenedFields<Old, F, New>>;

/** The built-in models with the fields that are added to them. */
export type ModelsWith<F> = {
  [Name in keyof Models]: Name extends keyof F
    ? Replaced<Models[Name], F[Name], GivenFields<F[Name]>>
    : Name extends `${infer Model}Create`
      ? Model extends keyof F
        ? Replaced<Models[Name], F[Model], TakenFields<F[Model]>>
        : Models[Name]
      : Name extends `${infer Model}Update`
        ? Model extends keyof F
          ? Replaced<Models[Name], F[Model], ChangedFields<F[Model]>>
          : Models[Name]
        : Models[Name];
};

/** The repositories with those of the app's own collections. */
export type RepositoriesWith<C extends CollectionDeclarations, F> = Repositories<ModelsWith<F>> & {
  readonly [Name in keyof C]: CollectionRepository<C[Name]>;
};

/** A store with the app's own collections and fields. */
export type StoreWith<C extends CollectionDeclarations, F> = RepositoriesWith<C, F> &
  StoreCalls<ChangeEventWith<C>> &
  Transactions<RepositoriesWith<C, F>>;

/** The names of the built-in models, and of their collections. */
type BuiltInNames =
  | Exclude<keyof Models, `${string}Create` | `${string}Update` | `${string}Unique`>
  | { [Name in keyof Repositories]: Repositories[Name] extends { findById: unknown } ? Name : never }[keyof Repositories];
/** What a field may refer to: built-in models, and the app's own by either of their names. */
type ModelNames<C> =
  | BuiltInNames
  | { [Name in keyof C]: Name | (C[Name] extends { readonly model: infer Given } ? Given : Capitalize<Name & string>) }[keyof C];
type CheckedField<F, Names> = (F extends { readonly references: infer To }
  ? To extends Names ? {} : { readonly references: Names }
  : {}) &
  (F extends { readonly default: infer Value } ? (Value extends Taken<F> | OrNull<F> ? {} : { readonly default: Taken<F> }) : {}) &
  (F extends { readonly items: infer Item } ? { readonly items: CheckedField<Item, Names> } : {}) &
  (F extends { readonly type: 'object'; readonly fields: infer Inner } ? { readonly fields: CheckedFields<Inner, Names> } : {});
type CheckedFields<F, Names> = { readonly [K in keyof F]: CheckedField<F[K], Names> };
type CheckedCollection<D, Names> = D extends { readonly fields: infer F }
  ? {
      readonly fields: CheckedFields<F, Names>;
      readonly unique?: ReadonlyArray<
        readonly (keyof F)[] | { readonly fields: readonly (keyof F)[]; readonly caseless?: boolean }
      >;
      readonly indexes?: ReadonlyArray<readonly (keyof F | 'createdAt' | 'updatedAt')[]>;
    }
  : {};
/** What the types of the parts cannot say: names that are free, and names and defaults that fit. */
type CheckedCollections<C> = {
  readonly [Name in keyof C]: Name extends keyof Repositories | keyof StoreCalls | 'transaction'
    ? never
    : CheckedCollection<C[Name], ModelNames<C>>;
};
type CheckedModels<F, C> = { readonly [Name in keyof F]: CheckedFields<F[Name], ModelNames<C>> };

/** Opens a store: synchronous and lazy. On one folder in one process, all share one engine. */
export declare function createStore(options?: StoreOptions): Store;
/** Opens a store with collections of the app's own, or fields added to built-in models. */
export declare function createStore<
  const C extends CollectionDeclarations = {},
  const F extends ModelDeclarations = {},
>(options: StoreOptions & {
  collections?: (C & CheckedCollections<C>) | undefined;
  fields?: (F & CheckedModels<F, C>) | undefined;
}): StoreWith<C, F>;

/**
 * Makes a data folder of a backup. Everything in it is compared with its checksums first, and only then
 * takes the folder's place, at one moment: whatever fails, the folder is as it was.
 */
export declare function restore(file: string, options?: RestoreOptions): Promise<Restored>;

/**
 * Looks at a data folder, at who uses it and what is in it, and at the app around it, as
 * `npx quilltap-store doctor` does. It mends nothing.
 */
export declare function doctor(options?: DoctorOptions): Promise<DoctorReport>;

/** `Request` and `Response` of the web, where the types of the surroundings have them. */
type WebRequest = typeof globalThis extends { Request: { prototype: infer Found } } ? Found : never;
type WebResponse = typeof globalThis extends { Response: { prototype: infer Found } } ? Found : never;

/** How an app has the studio. */
export interface StudioOptions {
  /**
   * Who may come in: `true` lets the request in, a `Response` (a redirect to the sign-in, say) is given as it
   * is, anything else refuses.
   */
  authorize: (request: WebRequest) => boolean | WebResponse | Promise<boolean | WebResponse>;
  /** May the page change records? Off unless set. */
  write?: boolean;
}

/**
 * The studio as a part of an app: a handler of web-standard requests, for `GET` and `POST` of one route and all
 * below it (`app/admin/[[...path]]/route.ts`). See docs/studio.md.
 *
 * @throws StoreError `VALIDATION` without `authorize`, when `store` is no store, or for an unknown option.
 */
export declare function studio(store: StoreCalls, options: StudioOptions): (request: WebRequest) => Promise<WebResponse>;
/**
 * Brings a database over, as `npx quilltap-store import` does: `source` is an address (`postgresql://…`), or the path
 * of a plain dump or of a folder. Everything that cannot come over is told before anything is written.
 */
export declare function importFrom(source: Path, options?: ImportOptions): Promise<Imported>;

/** Compares such a source with the store, row by row, as `npx quilltap-store verify` does. */
export declare function verifyAgainst(source: Path, options?: TransferOptions): Promise<Verified>;

/**
 * Copies a whole store into another one, as `npx quilltap-store copy` does: each is a folder, or the address of a
 * database (`postgresql://…`). One that was cut off goes on where it was.
 */
export declare function copyStore(from: Path, to: Path, options?: CopyOptions): Promise<Copied>;

/** Writes every row into a new file, as `npx quilltap-store export` does: the way back. */
export declare function exportTo(file: Path, options?: ExportOptions): Promise<Exported>;

/** A user as NextAuth and Auth.js see it. */
export interface AdapterUser {
  id: string;
  email: string;
  emailVerified: Date | null;
  name?: string | null;
  image?: string | null;
}

/** A session as NextAuth and Auth.js see it. */
export interface AdapterSession {
  sessionToken: string;
  userId: string;
  expires: Date;
}

/** A one-time token as NextAuth and Auth.js see it. */
export interface AdapterVerificationToken {
  identifier: string;
  token: string;
  expires: Date;
}

/** A WebAuthn credential as Auth.js sees it. */
export interface AdapterAuthenticator {
  credentialID: string;
  userId: string;
  providerAccountId: string;
  credentialPublicKey: string;
  counter: number;
  credentialDeviceType: string;
  credentialBackedUp: boolean;
  transports?: string | null;
}

/**
 * The adapter over a store: a plain object of functions that need no `this`. The types are
 * structural: nothing of next-auth or @auth/core is imported, and it is assignable to the
 * `Adapter` of both.
 */
export declare function QuilltapAdapter(
  store: StoreCalls,
  options?: {
    /** Keep the tokens of accounts sealed, OAuth 1.0a's too; older ones are sealed when next written. */
    encryptTokens?: boolean | undefined;
    /** Keep session tokens as SHA-256 only; older ones are hashed when next written. */
    hashSessionTokens?: boolean | undefined;
  },
): NextAuthAdapter;
