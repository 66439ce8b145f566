import type { Character, Chat, Message } from 'quilltap-store'
import { store } from './store'

/** What this app keeps on a message beside the store's own fields. */
export interface MessageExtras {
  speaker?: string
  characterId?: string
  /** The reply is a line that the character said before. */
  quote?: boolean
  editedAt?: string
}

/** What this app keeps on a chat beside the store's own fields: who speaks in it. */
export interface ChatExtras {
  cast?: string[]
}

/** A message as the browser gets it. */
export interface Line extends MessageExtras {
  id: string
  role: string
  content: string
  createdAt: string
}

export function lineOf(message: Message & MessageExtras): Line {
  const { id, role, content, createdAt, speaker, characterId, quote, editedAt } = message
  return { id, role, content, createdAt, speaker, characterId, quote, editedAt }
}

export async function ownCharacter(userId: string, id: string) {
  return own<Character>(userId, () => store.characters.findById(id))
}

export async function ownChat(userId: string, id: string) {
  return own<Chat>(userId, () => store.chats.findById(id))
}

/** The record if it is this user's; another user's is as good as none, and so is a malformed id. */
async function own<T extends { userId: string }>(userId: string, find: () => Promise<T | null>) {
  try {
    const record = await find()
    return record?.userId === userId ? record : null
  } catch (error) {
    if (codeOf(error) === 'VALIDATION') return null
    throw error
  }
}

/** The chats that a character leads or speaks in, the latest first. */
export async function chatsWith(userId: string, characterId: string) {
  const chats = await store.chats.findMany({
    where: { userId },
    orderBy: [{ lastMessageAt: 'desc' }, { createdAt: 'desc' }],
  })
  return chats.filter(
    (chat: Chat & ChatExtras) => chat.characterId === characterId || chat.cast?.includes(characterId),
  )
}

export function codeOf(error: unknown) {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined
}

/** What to tell a person about an error; the store's own sentences are made for that. */
export function sentenceOf(error: unknown) {
  if (codeOf(error)) return (error as Error).message
  console.error(error)
  return 'Something went wrong on the server. Nothing was changed.'
}
