import { randomUUID } from 'node:crypto'
import type { Repositories } from 'quilltap-store'
import { readPlay, sceneOf, splitIntoScenes, type Scene, type Speech } from './play'
import { store } from './store'
import { counted } from './words'

const IMPORT_TIMEOUT_MS = 60_000

export interface Play {
  userId: string
  title: string
  text: string
  /** One chat for the whole text, however long, instead of one a scene. */
  keepWhole?: boolean
}

export interface Imported {
  speeches: number
  newCharacters: number
  chatIds: string[]
}

/** Turns speakers into characters and scenes into chats: all of it, or nothing. */
export async function importPlay({ userId, title, text, keepWhole }: Play): Promise<Imported> {
  const speeches = readPlay(text)
  if (speeches.length === 0) throw new NothingToImport()
  const scenes = keepWhole ? [sceneOf(speeches)] : splitIntoScenes(speeches)

  return store.transaction(
    async (tx) => {
      const connectionProfileId = await defaultProfile(tx, userId)
      const { idOf, newCharacters } = await castOf(tx, userId, title, speeches)
      const chatIds: string[] = []
      for (const [place, scene] of scenes.entries()) {
        const cast = scene.cast.map((speaker) => idOf.get(speaker)!)
        const chatId = randomUUID()
        await tx.chats.create({
          id: chatId,
          userId,
          characterId: cast[0]!,
          connectionProfileId,
          title: titleOf(title, scene, place, scenes.length),
          contextSummary: `${counted(scene.speeches.length, 'speech', 'speeches')} by ${counted(cast.length, 'voice')}`,
          cast,
        })
        await tx.chats.addMessages(chatId, messagesOf(scene, idOf))
        chatIds.push(chatId)
      }
      return { speeches: speeches.length, newCharacters, chatIds }
    },
    { timeout: IMPORT_TIMEOUT_MS },
  )
}

export class NothingToImport extends Error {
  constructor() {
    super('No speech was found. A speech is a line “Speaker:”, the words below it, and an empty line.')
  }
}

/** A chat needs a connection profile; this app talks to no model, and its profile says so. */
export async function defaultProfile(tx: Repositories, userId: string) {
  const profile = await tx.connections.findDefault(userId)
  if (profile) return profile.id
  const made = await tx.connections.create({
    userId,
    name: 'No model: characters quote themselves',
    provider: 'OLLAMA',
    modelName: 'none',
    isDefault: true,
  })
  return made.id
}

/** The character of each speaker; one that the user has already is taken again. */
async function castOf(tx: Repositories, userId: string, title: string, speeches: Speech[]) {
  const idOf = new Map<string, string>()
  for (const character of await tx.characters.findByUserId(userId)) {
    if (!idOf.has(character.name)) idOf.set(character.name, character.id)
  }
  const bySpeaker = groupBySpeaker(speeches)
  const missing = [...bySpeaker].filter(([speaker]) => !idOf.has(speaker))
  for (const [speaker] of missing) idOf.set(speaker, randomUUID())
  await tx.characters.createMany(
    missing.map(([speaker, own]) => ({
      id: idOf.get(speaker)!,
      userId,
      name: speaker,
      title,
      description: `Speaks ${own.length === 1 ? 'once' : counted(own.length, 'time')} in ${title}.`,
      personality: 'As written: says only what the play lets it say.',
      scenario: title,
      firstMessage: own[0]!.words,
    })),
  )
  return { idOf, newCharacters: missing.length }
}

function messagesOf(scene: Scene, idOf: Map<string, string>) {
  const lead = scene.cast[0]
  return scene.speeches.map(({ speaker, words }) => ({
    role: speaker === lead ? ('ASSISTANT' as const) : ('USER' as const),
    content: words,
    speaker,
    characterId: idOf.get(speaker)!,
  }))
}

function titleOf(title: string, { cast }: Scene, place: number, scenes: number) {
  if (scenes === 1) return title
  return `${title} ${place + 1}: ${cast.slice(0, 2).join(' and ')}`
}

function groupBySpeaker(speeches: Speech[]) {
  const groups = new Map<string, Speech[]>()
  for (const speech of speeches) {
    const group = groups.get(speech.speaker)
    if (group) group.push(speech)
    else groups.set(speech.speaker, [speech])
  }
  return groups
}
