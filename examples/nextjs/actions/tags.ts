'use server'

import { randomUUID } from 'node:crypto'
import { revalidatePath } from 'next/cache'
import { ownCharacter, ownChat, sentenceOf } from '@/lib/records'
import { requireUser } from '@/lib/session'
import { store } from '@/lib/store'

export type Tagged = 'characters' | 'chats'

const LONGEST_TAG = 40

/** Puts a tag on a record; a name that the user has no tag for becomes a new tag. */
export async function addTag(kind: Tagged, recordId: string, name: string) {
  const user = await requireUser()
  const word = name.trim().replaceAll(/\s+/g, ' ')
  if (word === '') return { error: 'A tag needs a name.' }
  if (word.length > LONGEST_TAG) return { error: `A tag has ${LONGEST_TAG} characters at most.` }
  if (!(await isOwn(user.id, kind, recordId))) return { error: 'What you want to tag is gone.' }
  try {
    await store.transaction(async (tx) => {
      const nameLower = word.toLowerCase()
      const [known] = await tx.tags.findMany({ where: { userId: user.id, nameLower }, take: 1 })
      const tagId = known?.id ?? randomUUID()
      if (!known) await tx.tags.create({ id: tagId, userId: user.id, name: word })
      await tx[kind].addTag(recordId, tagId)
    })
  } catch (error) {
    return { error: sentenceOf(error) }
  }
  revalidatePath('/', 'layout')
}

/** Takes a tag off a record; the tag itself goes with the last record that has it. */
export async function removeTag(kind: Tagged, recordId: string, tagId: string) {
  const user = await requireUser()
  if (!(await isOwn(user.id, kind, recordId))) return { error: 'What you want to change is gone.' }
  try {
    await store.transaction(async (tx) => {
      const tag = await tx.tags.findById(tagId)
      if (tag?.userId !== user.id) return
      await tx[kind].removeTag(recordId, tagId)
      const characters = await tx.characters.findByTag(tagId)
      const chats = await tx.chats.findByTag(tagId)
      if (characters.length + chats.length === 0) await tx.tags.delete(tagId)
    })
  } catch (error) {
    return { error: sentenceOf(error) }
  }
  revalidatePath('/', 'layout')
}

async function isOwn(userId: string, kind: Tagged, id: string) {
  if (kind === 'characters') return (await ownCharacter(userId, id)) !== null
  return kind === 'chats' && (await ownChat(userId, id)) !== null
}
