import type { Character } from 'quilltap-store'
import { chatsWith } from './records'
import { store } from './store'

/**
 * What a character answers: no model is asked, so it quotes a line of its own from one of
 * the chats it speaks in.
 */
export async function replyOf(character: Character) {
  const chats = await chatsWith(character.userId, character.id)
  while (chats.length > 0) {
    const [chat] = chats.splice(Math.floor(Math.random() * chats.length), 1)
    const messages = await store.chats.getMessages(chat!.id)
    const lines = messages.filter((message) => message.characterId === character.id && !message.quote)
    const line = lines[Math.floor(Math.random() * lines.length)]
    if (line) return quoteOf(character, line.content)
  }
  return quoteOf(character, character.firstMessage || '…')
}

export function quoteOf(character: Character, content: string) {
  return {
    role: 'ASSISTANT' as const,
    content,
    speaker: character.name,
    characterId: character.id,
    quote: true,
  }
}
