'use server'

import { revalidatePath } from 'next/cache'
import { redirect } from 'next/navigation'
import { lineOf, ownChat, sentenceOf, type Line } from '@/lib/records'
import { replyOf } from '@/lib/reply'
import { requireUser } from '@/lib/session'
import { store } from '@/lib/store'

const LONGEST_MESSAGE = 20_000

type Answer = { lines: Line[] } | { error: string }

// The three calls on messages revalidate nothing: the browser knows what they changed, and a
// page that is rendered again with every message would be lost with a server that goes away.

/** Keeps what the person wrote together with the character's reply, in one change. */
export async function sendMessage(chatId: string, content: string): Promise<Answer> {
  const user = await requireUser()
  const chat = await ownChat(user.id, chatId)
  const character = chat && (await store.characters.findById(chat.characterId))
  if (!chat || !character) return { error: 'This chat is gone.' }
  const fault = faultOf(content)
  if (fault) return { error: fault }
  try {
    const reply = await replyOf(character)
    const messages = await store.chats.addMessages(chat.id, [{ role: 'USER', content: content.trim() }, reply])
    return { lines: messages.map(lineOf) }
  } catch (error) {
    return { error: sentenceOf(error) }
  }
}

export async function editMessage(chatId: string, messageId: string, content: string): Promise<Answer> {
  const user = await requireUser()
  const chat = await ownChat(user.id, chatId)
  if (!chat) return { error: 'This chat is gone.' }
  const fault = faultOf(content)
  if (fault) return { error: fault }
  try {
    const message = await store.chats.updateMessage(chat.id, messageId, {
      content: content.trim(),
      quote: false,
      editedAt: new Date().toISOString(),
    })
    return message ? { lines: [lineOf(message)] } : { error: 'This message is gone.' }
  } catch (error) {
    return { error: sentenceOf(error) }
  }
}

export async function deleteMessage(chatId: string, messageId: string) {
  const user = await requireUser()
  const chat = await ownChat(user.id, chatId)
  if (!chat) return { error: 'This chat is gone.' }
  try {
    await store.chats.deleteMessages(chat.id, [messageId])
  } catch (error) {
    return { error: sentenceOf(error) }
  }
}

export async function deleteChat(chatId: string) {
  const user = await requireUser()
  const chat = await ownChat(user.id, chatId)
  if (!chat) return { error: 'This chat is gone already.' }
  try {
    await store.chats.delete(chat.id)
  } catch (error) {
    return { error: sentenceOf(error) }
  }
  revalidatePath('/', 'layout')
  redirect('/chats')
}

function faultOf(content: string) {
  if (content.trim() === '') return 'A message needs at least one word.'
  if (content.length > LONGEST_MESSAGE) return 'A message has 20,000 characters at most.'
}
