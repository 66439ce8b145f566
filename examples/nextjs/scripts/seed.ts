// Makes a demo user with the shipped scene, so that the app has something to show at once.

import { importPlay } from '../lib/importPlay'
import { mailFolder } from '../lib/mail'
import { shippedScene, shippedScenes, titleOfFile } from '../lib/shippedScenes'
import { store } from '../lib/store'
import { dataFolder } from '../lib/dataFolder'
import { counted } from '../lib/words'

const ADDRESS = process.argv[2] ?? 'demo@example.org'

const user = (await store.users.findByEmail(ADDRESS)) ?? (await store.users.create({ email: ADDRESS, name: 'Demo' }))

if ((await store.chats.count({ where: { userId: user.id } })) > 0) {
  console.log(`${ADDRESS} has chats already; nothing was added.`)
} else {
  for (const name of await shippedScenes()) {
    const title = titleOfFile(name)
    const text = await shippedScene(name)
    const imported = await importPlay({ userId: user.id, title, text, keepWhole: true })
    console.log(
      `“${title}”: ${counted(imported.speeches, 'message')} by ${counted(imported.newCharacters, 'character')}.`,
    )
  }
}
await store.close()

console.log(`
The data is in      ${dataFolder()}
Start the app with  npm run dev
Sign in as          ${ADDRESS} at http://localhost:3000/auth/signin
The mail will be in ${mailFolder()}`)
