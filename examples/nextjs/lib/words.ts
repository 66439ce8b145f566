const numbers = new Intl.NumberFormat('en')
const days = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeZone: 'UTC' })

export function counted(count: number, one: string, many = `${one}s`) {
  return `${numbers.format(count)} ${count === 1 ? one : many}`
}

export function day(time: string | null | undefined) {
  return time ? days.format(new Date(time)) : 'never'
}

export function bytes(count: number) {
  if (count < 1000) return counted(count, 'byte')
  if (count < 1_000_000) return `${(count / 1000).toFixed(1)} kB`
  return `${(count / 1_000_000).toFixed(1)} MB`
}

/** Two letters that stand for a name. */
export function initials(name: string) {
  const words = name.split(/\s+/).filter((word) => /^\p{L}/u.test(word))
  const letters = words.length > 1 ? [words[0]?.[0], words.at(-1)?.[0]] : [name[0]]
  return letters.join('').toUpperCase()
}

/** A hue between 0 and 359 that stays with a name. */
export function hueOf(name: string) {
  let hash = 7
  for (const letter of name) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) % 3600
  return hash % 360
}

const SMALL_WORDS = new Set(['of', 'the', 'and', 'to', 'in', 'a', 'an'])
const ROMAN_NUMBER = /^[IVX]+$/

/** `KING RICHARD III` as `King Richard III`; a name that is not all capitals stays. */
export function calmName(name: string) {
  if (name !== name.toUpperCase() || name === name.toLowerCase()) return name
  return name
    .split(' ')
    .map((word, place) => {
      if (place > 0 && ROMAN_NUMBER.test(word)) return word
      const lower = word.toLowerCase()
      if (place > 0 && SMALL_WORDS.has(lower)) return lower
      return lower.replace(/\p{L}/u, (letter) => letter.toUpperCase())
    })
    .join(' ')
}
