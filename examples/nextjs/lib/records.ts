import type { Character, Chat, Message } from 'quilltap-store'
import { store } from './store'

/** A message as the browser gets it. */
export type Line = Pick<
  Message,
  'id' | 'role' | 'content' | 'createdAt' | 'speaker' | 'characterId' | 'quote' | 'editedAt'
>

export function lineOf({ id, role, content, createdAt, speaker, characterId, quote, editedAt }: Message): Line {
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
  return chats.filter((chat) => chat.characterId === characterId || chat.cast?.includes(characterId))
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
