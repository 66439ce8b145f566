// The blocks of code of README and docs/, and the app that they make together.

import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import support from '../package/support.cjs'

export const { root } = support

/** The blocks of a page: their language and text. */
export function blocks(page) {
  const text = readFileSync(join(root, page), 'utf8')
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language, block]) => ({ language, block }))
}

/** Every page for those who use the package. */
export const PAGES = ['README.md', 'SECURITY.md', ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)]
  .filter((page) => page.endsWith('.md'))
  .sort()

const LANGUAGES = ['ts', 'tsx', 'js', 'jsx']

/** The TypeScript of all pages; a block whose first line names a file is that file, others are fragments. */
export function snippets() {
  return PAGES.flatMap((page) =>
    blocks(page)
      .filter(({ language }) => LANGUAGES.includes(language))
      .map(({ language, block }, at) => {
        const file = /^\/\/ (\S+\.\w+)\n/.exec(block)?.[1]
        const name = `${page.replace(/\W/g, '-')}-${at}.${language}`
        return { page, block, file, path: file ?? `fragments/${name}` }
      }),
  )
}

/** Makes the app anew, below the repository, whose development dependencies it uses. */
export function makeApp() {
  const app = join(root, 'target/docs-app')
  rmSync(app, { recursive: true, force: true })
  cpSync(join(import.meta.dirname, 'app'), app, { recursive: true })
  for (const { path, block } of snippets()) {
    // The test's own configuration takes in what the README says.
    const place = join(app, path === 'next.config.ts' ? `readme/${path}` : path)
    mkdirSync(dirname(place), { recursive: true })
    writeFileSync(
      place,
      path.startsWith('fragments/') && !/^(import|export) /m.test(block) ? `${block}\nexport {}\n` : block,
    )
  }
  support.install(support.pack(support.folder()), app)
  for (const name of ['better-auth', '@better-auth']) {
    symlinkSync(join(root, '__test__/better-auth/node_modules', name), join(app, 'node_modules', name), 'junction')
  }
  return app
}
