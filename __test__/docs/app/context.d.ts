// What a fragment of a page takes from around it: `run-fragments.mjs` has the values.

declare const store: import('quilltap-store').Store
declare const session: { user: { id: string } }
declare const request: Request
declare const dataDir: string
declare const userId: string
declare const characterId: string
declare const connectionProfileId: string
declare const chatId: string
declare const tagId: string
declare const codes: string[]
declare const typed: string
declare const next: string
declare const readMySecret: () => Promise<string>
