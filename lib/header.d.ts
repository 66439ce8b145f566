/** Any JSON object. */
export interface JsonObject {
  [key: string]: any;
}

/** How a store is opened. */
export interface StoreOptions {
  /** The folder; `process.env.DATA_DIR`, else `./data`, unless given. Made when it is not there. */
  dataDir?: string;
  /**
   * `strict` (the default): when a promise resolves, the change survives power loss.
   * `batched`: it survives the death of the process, and power loss 50 ms later.
   */
  durability?: 'strict' | 'batched';
  /** Largest record, in bytes of its JSON text; 16 MiB unless given. */
  maxRecordBytes?: number;
  /** How long a call waits for other processes before it fails with `LOCKED`, in milliseconds. */
  lockTimeout?: number;
  /** How long a transaction may take, in milliseconds; 5,000 unless given. */
  transactionTimeout?: number;
  /** Open a folder on a network file system without a warning. */
  allowNetworkFs?: boolean;
  /** For the secrets, which a later version brings; this one keeps none and does not look at it. */
  passphrase?: string | Uint8Array | (() => string | Uint8Array | Promise<string | Uint8Array>) | undefined;
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
  /** Every fault of the input. */
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

/** Which records: fields and what is asked of them; all must hold. */
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
  where?: Where<T>;
  /** Several keys as a list, or in the order of an object's keys. Ties keep creation order. */
  orderBy?: OrderBy<T> | OrderBy<T>[];
  /** At most so many; a negative number counts from the end. */
  take?: number;
  skip?: number;
}

/** What `upsert` takes; `where` names the key, or all fields of a unique combination. */
export interface Upsert<Create, Update> {
  where: { [field: string]: unknown };
  create: Create;
  update: Update;
}

/** Which part of a chat's log. */
export interface LogOptions {
  /** At most so many: the newest, or with `after` the next. */
  limit?: number;
  /** Only those before this message (its id) or time. */
  before?: string | Date;
  /** Only those behind this message (its id) or time. */
  after?: string | Date;
  /** Only these types; messages alone unless said, or all for `getEvents`. */
  types?: string[];
}

/** A message, or an event of any other type, of a chat's log. */
export interface ChatEvent {
  id: string;
  type: string;
  createdAt: string;
  [field: string]: unknown;
}

/** A message, or with another `type` an event, to be added to a chat. */
export type ChatEventCreate =
  | MessageCreate
  | { type: string; id?: string; createdAt?: string | Date; [field: string]: unknown };

/**
 * Where bytes come from: memory, a path (as text or a `file:` URL), or anything that gives
 * pieces of bytes: a Node stream, a web stream, a `Blob` or `File`, an async iterable.
 */
export type ByteSource =
  | Uint8Array
  | ArrayBuffer
  | string
  | URL
  | Blob
  | AsyncIterable<Uint8Array>
  | ReadableStream<Uint8Array>;

/**
 * What `images.put` takes besides the bytes. Size, SHA-256, width and height are those of the
 * bytes; `mimeType` counts only where the bytes do not say what they are; a `sha256` or `size`
 * that is given is compared. `type` is `image` or `chat_file` and `filename` that of the path,
 * unless given.
 */
export type BinaryPut = Omit<BinaryCreate, 'sha256' | 'type' | 'filename' | 'relativePath' | 'mimeType' | 'size'> &
  Partial<Pick<BinaryCreate, 'sha256' | 'type' | 'filename' | 'mimeType' | 'size'>>;

/** A range of bytes; both ends are part of it, as in HTTP. */
export interface ByteRange {
  start?: number;
  end?: number;
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
  /** Null when the key is a secret in itself, and when a whole log was cleared. */
  id: string | null;
  type: 'create' | 'update' | 'delete';
  /** For messages and events. */
  chatId?: string;
}

/** What the store holds and how it fares. */
export interface StoreStats {
  records: { [collection: string]: number };
  journalBytes: number;
  durability: 'strict' | 'batched';
  filesShowEverything: boolean;
  lastFileError: string | null;
  /** What in the folder cannot be read, as sentences. */
  faults: string[];
}

declare global {
  // As in lib.esnext.disposable, for those who compile without it.
  interface SymbolConstructor {
    readonly asyncDispose: unique symbol;
  }
}

/** A store on a folder. */
export interface Store extends Repositories {
  /** Opens now instead of with the first call. */
  open(): Promise<void>;
  /** Closes this handle; the folder is at rest when its last handle is closed. */
  close(): Promise<void>;
  /** Resolves when the files show every change so far; they follow within 100 ms anyway. */
  flush(): Promise<void>;
  /** Removes what has expired, drops dead lines, and starts the journal anew. */
  compact(): Promise<void>;
  stats(): Promise<StoreStats>;
  /** Makes all calls on `tx` one atomic change; nothing stays when the function throws. */
  transaction<T>(fn: (tx: Repositories) => Promise<T> | T, options?: { timeout?: number }): Promise<T>;
  /** Calls a function for every record that is changed; gives a function that ends it. */
  on(event: 'change', fn: (event: ChangeEvent) => void): () => void;
  off(event: 'change', fn: (event: ChangeEvent) => void): void;
  /** Closes this handle: `await using store = createStore()`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Opens a store: synchronous and lazy. On one folder in one process, all share one engine. */
export declare function createStore(options?: StoreOptions): Store;

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
  store: Store,
  options?: { encryptTokens?: false; hashSessionTokens?: false },
): NextAuthAdapter;
