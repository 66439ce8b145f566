// The records that every store gets: the same ones, made from numbers, so that no run differs.

const WORDS = 'the night ferry left harbour under lamps while rain wrote letters on glass and nobody answered'.split(
  ' ',
)

/** A text of about so many bytes. */
export function text(bytes, seed) {
  let made = ''
  for (let at = seed; made.length < bytes; at++) made += `${WORDS[(at * 7) % WORDS.length]} `
  return made.slice(0, bytes)
}

/** An id that sorts by its number, in the form of a UUID. */
export const id = (kind, number) => `${kind.padEnd(8, '0')}-0000-4000-8000-${number.toString(16).padStart(12, '0')}`

const KINDS = { user: '0', character: 'c', chat: 'c4a7', message: 'ae55', tag: '7a9', session: '5e55', profile: 'b0f' }
const at = (number) => new Date(Date.UTC(2026, 0, 1) + number * 1000).toISOString()
const times = (number) => ({ createdAt: at(number), updatedAt: at(number) })

export const user = (number = 0) => ({
  id: id(KINDS.user, number),
  email: `person${number}@example.test`,
  name: `Person ${number}`,
  image: null,
  emailVerified: at(number),
  ...times(number),
})

export const profile = (number = 0, owner = 0) => ({
  id: id(KINDS.profile, number),
  userId: id(KINDS.user, owner),
  name: 'Local',
  provider: 'OLLAMA',
  apiKeyId: null,
  baseUrl: null,
  modelName: 'model',
  parameters: {},
  isDefault: false,
  tags: [],
  ...times(number),
})

export const session = (number, owner = 0) => ({
  id: id(KINDS.session, number),
  sessionToken: id('70ce', number),
  userId: id(KINDS.user, owner),
  expires: '2099-01-01T00:00:00.000Z',
})

/** 1.4 KB as JSON. */
export const character = (number, owner = 0) => ({
  id: id(KINDS.character, number),
  userId: id(KINDS.user, owner),
  name: `Character ${number}`,
  title: null,
  description: text(300, number),
  personality: text(300, number + 1),
  scenario: text(200, number + 2),
  firstMessage: text(150, number + 3),
  exampleDialogues: null,
  systemPrompt: null,
  avatarUrl: null,
  defaultImageId: null,
  sillyTavernData: null,
  isFavorite: false,
  personaLinks: [],
  tags: [],
  tagLinks: [],
  avatarOverrides: [],
  ...times(number),
})

export const tag = (number, owner = 0) => ({
  id: id(KINDS.tag, number),
  userId: id(KINDS.user, owner),
  name: `Tag ${number}`,
  nameLower: `tag ${number}`,
  ...times(number),
})

export const chat = (number, character = 0, owner = 0, profile = 0) => ({
  id: id(KINDS.chat, number),
  userId: id(KINDS.user, owner),
  characterId: id(KINDS.character, character),
  personaId: null,
  connectionProfileId: id(KINDS.profile, profile),
  imageProfileId: null,
  title: `Chat ${number}`,
  contextSummary: null,
  sillyTavernMetadata: null,
  tags: [],
  tagLinks: [],
  messageCount: 0,
  lastMessageAt: null,
  ...times(number),
})

/** About 600 bytes as JSON. */
export const message = (number) => ({
  type: 'message',
  id: id(KINDS.message, number),
  role: number % 2 ? 'ASSISTANT' : 'USER',
  content: text(380, number),
  rawResponse: null,
  tokenCount: 90,
  swipeGroupId: null,
  swipeIndex: null,
  attachments: [],
  createdAt: at(number),
})

/** A year on, for an updated session. */
export const later = (number) => at(100_000_000 + number)
