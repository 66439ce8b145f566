'use server'

import { randomUUID } from 'node:crypto'
import { revalidatePath } from 'next/cache'
import { redirect } from 'next/navigation'
import { defaultProfile } from '@/lib/importPlay'
import { ownCharacter, sentenceOf } from '@/lib/records'
import { quoteOf } from '@/lib/reply'
import { requireUser } from '@/lib/session'
import { store } from '@/lib/store'

export async function setFavorite(characterId: string, isFavorite: boolean) {
  const user = await requireUser()
  const character = await ownCharacter(user.id, characterId)
  if (!character) return { error: 'This character is gone.' }
  try {
    await store.characters.setFavorite(character.id, isFavorite)
  } catch (error) {
    return { error: sentenceOf(error) }
  }
  revalidatePath('/characters', 'layout')
}

/** The chats that the character leads go with it: the store's relations say so. */
export async function deleteCharacter(characterId: string) {
  const user = await requireUser()
  const character = await ownCharacter(user.id, characterId)
  if (!character) return { error: 'This character is gone already.' }
  try {
    await store.characters.delete(character.id)
  } catch (error) {
    return { error: sentenceOf(error) }
  }
  revalidatePath('/', 'layout')
  redirect('/characters')
}

/** A chat and its first message are one change: neither is ever there without the other. */
export async function startChat(characterId: string) {
  const user = await requireUser()
  const character = await ownCharacter(user.id, characterId)
  if (!character) return { error: 'This character is gone.' }
  const chatId = randomUUID()
  try {
    await store.transaction(async (tx) => {
      await tx.chats.create({
        id: chatId,
        userId: user.id,
        characterId: character.id,
        connectionProfileId: await defaultProfile(tx, user.id),
        title: `You and ${character.name}`,
        cast: [character.id],
      })
      await tx.chats.addMessages(chatId, [quoteOf(character, character.firstMessage || '…')])
    })
  } catch (error) {
    return { error: sentenceOf(error) }
  }
  revalidatePath('/', 'layout')
  redirect(`/chats/${chatId}`)
}
