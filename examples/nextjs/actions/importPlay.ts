'use server'

import { revalidatePath } from 'next/cache'
import { redirect } from 'next/navigation'
import { importPlay, NothingToImport, type Imported } from '@/lib/importPlay'
import { sentenceOf } from '@/lib/records'
import { requireUser } from '@/lib/session'
import { shippedScene, shippedScenes, titleOfFile } from '@/lib/shippedScenes'

const LARGEST_PLAY_BYTES = 8 * 1000 * 1000

export interface ImportState {
  error?: string
  done?: Pick<Imported, 'speeches' | 'newCharacters'> & { chats: number; title: string }
}

/** Takes an uploaded file, or pasted text when there is no file. */
export async function importText(_: ImportState, form: FormData): Promise<ImportState> {
  const file = form.get('file')
  const pasted = String(form.get('text') ?? '')
  const uploaded = file instanceof File && file.size > 0 ? file : null
  if (!uploaded && pasted.trim() === '') return { error: 'Choose a file, or paste some text.' }
  const size = uploaded?.size ?? pasted.length
  if (size > LARGEST_PLAY_BYTES) return { error: 'A play has 8 MB at most.' }

  const text = uploaded ? decode(await uploaded.arrayBuffer()) : pasted
  if (text === null) return { error: `“${uploaded!.name}” is not a text file in UTF-8.` }
  const given = String(form.get('title') ?? '')
    .trim()
    .slice(0, 120)
  const title = given || (uploaded ? titleOfFile(uploaded.name) : 'Pasted scene')
  return take(title, text, form.get('split') === 'whole')
}

/** Takes one of the scenes that come with the example. */
export async function importShipped(_: ImportState, form: FormData): Promise<ImportState> {
  const name = (await shippedScenes()).find((each) => each === form.get('scene'))
  if (!name) return { error: 'There is no such scene.' }
  return take(titleOfFile(name), await shippedScene(name), true)
}

async function take(title: string, text: string, keepWhole: boolean): Promise<ImportState> {
  const user = await requireUser()
  let imported: Imported
  try {
    imported = await importPlay({ userId: user.id, title, text, keepWhole })
  } catch (error) {
    return { error: error instanceof NothingToImport ? error.message : sentenceOf(error) }
  }
  revalidatePath('/', 'layout')
  const { speeches, newCharacters, chatIds } = imported
  if (chatIds.length === 1) redirect(`/chats/${chatIds[0]}`)
  return { done: { speeches, newCharacters, chats: chatIds.length, title } }
}

function decode(bytes: ArrayBuffer) {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return null
  }
}
