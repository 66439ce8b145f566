import { calmName } from './words'

export interface Speech {
  speaker: string
  words: string
}

const SPEAKER_LINE = /^([^:]{1,80}):$/

/**
 * Reads a play in plain text: a line `Speaker:`, the speech, an empty line. A paragraph
 * without a speaker belongs to the speech before it.
 */
export function readPlay(text: string): Speech[] {
  const speeches: Speech[] = []
  const paragraphs = text
    .replace(/^\uFEFF/, '')
    .replaceAll(/\r\n?/g, '\n')
    .split(/\n[ \t]*\n+/)
  for (const paragraph of paragraphs) {
    const lines = paragraph.split('\n').map((line) => line.trimEnd())
    while (lines[0]?.trim() === '') lines.shift()
    const speaker = SPEAKER_LINE.exec(lines[0]?.trim() ?? '')?.[1]
    const words = lines
      .slice(speaker ? 1 : 0)
      .join('\n')
      .trim()
    if (!words) continue
    const last = speeches.at(-1)
    if (speaker) speeches.push({ speaker: calmName(speaker.trim()), words })
    else if (last) last.words += `\n\n${words}`
  }
  return speeches
}

export interface Scene {
  speeches: Speech[]
  /** Who speaks, the most talkative first. */
  cast: string[]
}

const SHORTEST_SCENE = 30
const LONGEST_SCENE = 300
const LOOK_AROUND = 8

/**
 * Cuts a play where the cast changes: where nobody of the eight speeches before speaks in
 * the eight that follow. A scene has 30 to 300 speeches; where no such place comes in time,
 * the place with the fewest voices in common is taken.
 */
export function splitIntoScenes(speeches: Speech[]): Scene[] {
  const scenes: Scene[] = []
  let start = 0
  while (start < speeches.length) {
    const end = endOfScene(speeches, start)
    scenes.push(sceneOf(speeches.slice(start, end)))
    start = end
  }
  return scenes
}

export function sceneOf(speeches: Speech[]): Scene {
  const counts = new Map<string, number>()
  for (const { speaker } of speeches) counts.set(speaker, (counts.get(speaker) ?? 0) + 1)
  const cast = [...counts].sort((one, other) => other[1] - one[1]).map(([speaker]) => speaker)
  return { speeches, cast }
}

function endOfScene(speeches: Speech[], start: number) {
  const furthest = Math.min(start + LONGEST_SCENE, speeches.length - SHORTEST_SCENE)
  let best = { place: speeches.length, inCommon: Infinity }
  for (let place = start + SHORTEST_SCENE; place <= furthest; place++) {
    const inCommon = voicesInCommon(speeches, place)
    if (inCommon === 0) return place
    if (inCommon < best.inCommon) best = { place, inCommon }
  }
  return speeches.length - start > LONGEST_SCENE ? best.place : speeches.length
}

function voicesInCommon(speeches: Speech[], place: number) {
  const before = new Set(speeches.slice(place - LOOK_AROUND, place).map((each) => each.speaker))
  const after = new Set(speeches.slice(place, place + LOOK_AROUND).map((each) => each.speaker))
  return [...after].filter((speaker) => before.has(speaker)).length
}
