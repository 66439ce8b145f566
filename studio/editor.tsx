// The way to a file: its path to copy, and a link that the editor of one's choice opens.

import { signal } from '@preact/signals'
import { hello, remember, remembered, say } from './state.ts'

/** Addresses that editors understand; they open the file at a line and column. */
export const EDITORS: Record<string, (file: string, line: number, column: number) => string> = {
  'VS Code': (file, line, column) => `vscode://file${file}:${line}:${column}`,
  Cursor: (file, line, column) => `cursor://file${file}:${line}:${column}`,
  Zed: (file, line, column) => `zed://file${file}:${line}:${column}`,
  JetBrains: (file, line) => `idea://open?file=${file}&line=${line}`,
}

export const editor = signal(remembered('editor', 'VS Code'))

export function chooseEditor(name: string) {
  editor.value = name
  remember('editor', name)
}

/** A line and a column, where a message tells them. */
export function placeIn(message: string | undefined): { line: number; column: number } | null {
  const [, line, column] = /line (\d+)(?:, column (\d+))?/.exec(message ?? '') ?? []
  return line ? { line: Number(line), column: Number(column ?? 1) } : null
}

export function EditorLink({ path, message }: { path: string; message?: string }) {
  const at = placeIn(message)
  const folder = hello.value?.dataDir.replaceAll('\\', '/') ?? ''
  const file = `${folder.startsWith('/') ? '' : '/'}${folder}/${path}`
  const place = at ? `${path}:${at.line}:${at.column}` : path
  const open = (EDITORS[editor.value] ?? EDITORS['VS Code']!)(encodeURI(file), at?.line ?? 1, at?.column ?? 1)
  const copy = () =>
    navigator.clipboard.writeText(at ? `${file}:${at.line}:${at.column}` : file).then(
      () => say('The path was copied.'),
      () => say('The browser does not let the page copy.', { bad: true }),
    )
  return (
    <span class="file">
      <a href={open} title={`Open in ${editor.value}`}>
        {place}
      </a>
      <button type="button" class="quiet small" onClick={() => void copy()} aria-label={`Copy the path of ${path}`}>
        copy
      </button>
    </span>
  )
}
