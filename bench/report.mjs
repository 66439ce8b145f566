// The table and the chart, from the measured figures and nothing else.

import { ROWS } from './works.mjs'

const figure = (value) => {
  if (value === undefined) return '–'
  if (value >= 100) return Math.round(value).toLocaleString('en')
  return value.toPrecision(value >= 10 ? 3 : 2)
}

/** `12 (0.6×)`: the figure, and how many times the first column's it is. */
const beside = (value, first) =>
  value === undefined || !first ? figure(value) : `${figure(value)} (${figure(value / first)}×)`

const LIMITS = {
  sync: 'append 0.6 KB and fdatasync',
  awaitedSync: 'overwrite 0.6 KB, fdatasync on another thread, awaited',
  nativeCall: 'a native call',
  parseCharacter: 'JSON.parse of a character',
  parseCharacters: 'JSON.parse of 500 characters',
  parse100: 'JSON.parse of 100 messages',
  parse10k: 'JSON.parse of 10,000 messages',
}

/** The whole result as Markdown. */
export function markdown(result) {
  const { columns, limits } = result
  const head = ['µs', ...columns.map(({ title }) => title)]
  const rows = Object.entries(ROWS)
    .filter(([work]) => columns.some(({ figures }) => figures[work] !== undefined))
    .map(([work, title]) => {
      const first = columns[0].figures[work]
      return [
        title,
        ...columns.map(({ figures }, at) => (at === 0 ? figure(figures[work]) : beside(figures[work], first))),
      ]
    })
  const line = (cells) => `| ${cells.join(' | ')} |`
  const peers = Object.entries(result.peers).map(([name, version]) => `${name} ${version}`)
  return [
    `Measured on ${result.date}: ${result.machine}; Node ${result.node}; ${peers.join(', ')}.`,
    `Medians of ${result.trials} trials, each in a process of its own; in brackets, times the first column's figure.`,
    'better-sqlite3 blocks the event loop for the whole of its time.',
    '',
    line(head),
    line(head.map((_, at) => (at === 0 ? '---' : '---:'))),
    ...rows.map(line),
    '',
    'The limits, in the same run:',
    '',
    line(['µs', '']),
    line(['---', '---:']),
    ...Object.entries(LIMITS).map(([name, title]) => line([title, figure(limits[name])])),
    '',
  ].join('\n')
}

const SHOWN = [
  'getSessionAndUser',
  'getCharacter',
  'listCharacters',
  'listChats',
  'addMessage',
  'addMessageAtOnce',
  'getMessages10k',
  'createTag',
  'updateSession',
  'getMessages10kFirst',
  'openSmall',
]
const COLOURS = [
  ...['#2f6f4f', '#8fc1a5', '#a8502d', '#d99a7c', '#5b5f97', '#b8b8d1'],
  ...['#7d6b4f', '#3b6ea5', '#9dbcdc', '#a04a7d', '#d9a7c7'],
]

/** Bars on a logarithmic scale: a group for each work, a bar for each store; shorter is faster. */
export function chart({ columns, date }) {
  const [left, width, bar, gap, across] = [290, 490, 11, 16, 3]
  const top = 28 + Math.ceil(columns.length / across) * 18
  const shown = SHOWN.filter((work) => columns.every(({ figures }) => figures[work] !== undefined))
  const all = shown.flatMap((work) => columns.map(({ figures }) => figures[work]))
  const [low, high] = [Math.floor(Math.log10(Math.min(...all))), Math.ceil(Math.log10(Math.max(...all)))]
  const x = (value) => ((Math.log10(value) - low) / (high - low)) * width
  const groupHeight = columns.length * bar + gap
  const height = top + shown.length * groupHeight + 30
  const parts = []
  for (let power = low; power <= high; power++) {
    const at = left + x(10 ** power)
    parts.push(`<line x1="${at}" y1="${top - 6}" x2="${at}" y2="${height - 30}" stroke="#ddd"/>`)
    parts.push(
      `<text x="${at}" y="${height - 14}" text-anchor="middle" fill="#777">${(10 ** power).toLocaleString('en')} µs</text>`,
    )
  }
  columns.forEach(({ title }, at) => {
    const [column, row] = [at % across, Math.floor(at / across)]
    parts.push(`<rect x="${16 + column * 270}" y="${14 + row * 18}" width="10" height="10" fill="${COLOURS[at]}"/>`)
    parts.push(`<text x="${31 + column * 270}" y="${23 + row * 18}">${title}</text>`)
  })
  shown.forEach((work, group) => {
    const y = top + group * groupHeight
    const middle = y + (columns.length * bar) / 2 + 4
    parts.push(`<text x="${left - 10}" y="${middle}" text-anchor="end">${ROWS[work]}</text>`)
    columns.forEach(({ figures }, at) => {
      const long = Math.max(x(figures[work]), 1).toFixed(1)
      parts.push(`<rect x="${left}" y="${y + at * bar}" width="${long}" height="${bar - 2}" fill="${COLOURS[at]}"/>`)
    })
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="840" height="${height}" viewBox="0 0 840 ${height}" font-family="system-ui, sans-serif" font-size="12">`,
    `<title>Microseconds for a call, on a logarithmic scale; shorter is faster. Measured on ${date}.</title>`,
    `<rect width="840" height="${height}" fill="#fff"/>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n')
}
