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

/** A path of the store, which may end in a line and a column: `characters/x.json:6:1`. */
export function EditorLink({ path }: { path: string }) {
  const [, name = path, line = '1', column = '1'] = /^(.*?):(\d+)(?::(\d+))?$/.exec(path) ?? []
  const folder = hello.value?.dataDir.replaceAll('\\', '/') ?? ''
  const file = `${folder.startsWith('/') ? '' : '/'}${folder}/${name}`
  const open = (EDITORS[editor.value] ?? EDITORS['VS Code']!)(encodeURI(file), Number(line), Number(column))
  const copy = () =>
    navigator.clipboard.writeText(path === name ? file : `${file}:${line}:${column}`).then(
      () => say('The path was copied.'),
      () => say('The browser does not let the page copy.', { bad: true }),
    )
  return (
    <span class="file">
      <a href={open} title={`Open in ${editor.value}`}>
        {path}
      </a>
      <button type="button" class="quiet small" onClick={() => void copy()} aria-label={`Copy the path of ${name}`}>
        copy
      </button>
    </span>
  )
}
