import type { Metadata } from 'next'
import { dataFolder, type FolderEntry, isInDatabase, lookAtFolder } from '@/lib/dataFolder'
import { requireUser } from '@/lib/session'
import { store } from '@/lib/store'
import { bytes, counted } from '@/lib/words'

export const metadata: Metadata = { title: 'Your data' }

const WHAT: Record<string, string> = {
  '.gitignore': 'keeps sign-in state and caches out of git',
  'auth/': 'sessions and sign-in links',
  'binaries/': 'images and files, one payload per content',
  'cache/': 'locks and derived indexes',
  'characters/': 'one JSON file per character',
  'chats/': 'an index, and one log per chat: a line per message',
  'image-profiles/': 'where images would be made',
  'journal/': 'what is committed and on its way into the files',
  'personas/': 'one JSON file per persona',
  'settings/': 'you, and the connection profiles',
  'tags/': 'all tags',
}

export default async function DataPage() {
  const user = await requireUser()
  await store.flush()
  const [folder, stats, characters, chats] = await Promise.all([
    lookAtFolder(),
    store.stats(),
    store.characters.count({ where: { userId: user.id } }),
    store.chats.findByUserId(user.id),
  ])
  const messages = chats.reduce((sum, chat) => sum + chat.messageCount, 0)
  const path = dataFolder()

  return (
    <div className="page narrow">
      <h1>Your data</h1>
      {isInDatabase() ? (
        <p className="lead">Everything this app knows is in its database.</p>
      ) : (
        <>
          <p className="lead">
            Everything this app knows is plain text in one folder. Read it, grep it, commit it to git.
          </p>
          <p className="path">
            <code>{path}</code>
          </p>
        </>
      )}
      <dl className="figures">
        <Figure count={characters} one="character" />
        <Figure count={chats.length} one="chat" />
        <Figure count={messages} one="message" />
      </dl>
      {isInDatabase() || <Folder path={path} entries={folder} />}
      <section>
        <h2>What the store says</h2>
        {stats.faults.map((fault) => (
          <p key={fault} className="fault" role="alert">
            {fault}
          </p>
        ))}
        <pre>{JSON.stringify(stats, null, 2)}</pre>
      </section>
    </div>
  )
}

function Folder({ path, entries }: { path: string; entries: FolderEntry[] }) {
  return (
    <>
      <section>
        <h2>What lies where</h2>
        <div className="table-frame">
          <table>
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">What it is</th>
                <th scope="col" className="number minor">
                  Files
                </th>
                <th scope="col" className="number">
                  Size
                </th>
              </tr>
            </thead>
            <tbody>
              {entries.map(({ name, files, size }) => (
                <tr key={name}>
                  <td>
                    <code>{name}</code>
                  </td>
                  <td>{WHAT[name] ?? ''}</td>
                  <td className="number minor">{files.toLocaleString('en')}</td>
                  <td className="number">{bytes(size)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </section>
      <section>
        <h2>Look for yourself</h2>
        <pre>{`cd ${path}

# a file each
ls characters | head

# the last words of each chat
tail -n 1 chats/*.jsonl | cut -c -200

# who spoke of hens
grep -il 'hens' chats/*.jsonl

git init && git add . && git commit -m 'Act one'`}</pre>
        <p>
          You may edit a file while the app runs; the store notices. Sign-in mails lie outside of this folder, and{' '}
          <code>auth/</code> is kept out of git.
        </p>
      </section>
    </>
  )
}

function Figure({ count, one }: { count: number; one: string }) {
  const [figure, word] = counted(count, one).split(' ')
  return (
    <div>
      <dt>{word}</dt>
      <dd>{figure}</dd>
    </div>
  )
}
