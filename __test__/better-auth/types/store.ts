// What Better Auth's plugins bring to a store, in the types of an app.

import { betterAuth } from 'better-auth'
import { admin, organization, twoFactor } from 'better-auth/plugins'
import { createStore } from 'quilltap-store'
import { type AuthCollections, quilltapAdapter, type StoreWithAuth, withAuth } from 'quilltap-store/better-auth'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
declare function same<A, B>(are: Same<A, B>): void

export const store = createStore({
  collections: { notes: { file: 'notes/notes.jsonl', fields: { text: { type: 'string' } } } },
  fields: { User: { theme: { type: 'string', optional: true } } },
})
export const auth = betterAuth({
  database: quilltapAdapter(store),
  rateLimit: { storage: 'database' },
  user: {
    additionalFields: { plan: { type: ['free', 'paid'], required: true }, seats: { type: 'number', required: false } },
  },
  plugins: [
    twoFactor(),
    organization({ teams: { enabled: true } }),
    admin(),
    {
      id: 'device-codes',
      schema: {
        'device-code': {
          fields: { tags: { type: 'string[]', required: true }, about: { type: 'json', required: false } },
        },
      },
    },
  ],
})
export const db: StoreWithAuth<typeof store, typeof auth> = withAuth(store, auth)

const row = (await db.authTwoFactor.findByUserId('ada'))[0]!
same<typeof row.secret, string>(true)
same<typeof row.verified, boolean | null | undefined>(true)
// A time is ISO text, as everywhere in the store, and is taken as a Date too.
same<typeof row.lockedUntil, string | null | undefined>(true)
await db.authTwoFactor.update(row.id, { lockedUntil: new Date(), failedVerificationCount: 0 })
await db.authTwoFactor.findMany({ where: { verified: true, failedVerificationCount: { gte: 3 } } })
await db.authOrganization.upsert({
  where: { slug: 'a' },
  create: { name: 'A', slug: 'a', createdAt: new Date() },
  update: {},
})
const code = (await db.authDeviceCode.findAll())[0]!
same<typeof code.tags, string[]>(true)
same<AuthCollections<typeof auth>['authTwoFactor'], typeof db.authTwoFactor>(true)

const user = (await db.users.findById('ada'))!
same<typeof user.role, string | null | undefined>(true)
same<typeof user.plan, 'free' | 'paid' | null | undefined>(true)
same<typeof user.seats, number | null | undefined>(true)
same<typeof user.theme, string | null | undefined>(true)
same<typeof user.email, string>(true)
const session = (await db.sessions.findById('s'))!
same<typeof session.activeTeamId, string | null | undefined>(true)
const limits: number = (await db.authRateLimit.findAll())[0]!.count
const notes: string[] = (await db.notes.findAll()).map(({ text }) => text)

export const roles = await db.transaction(async (tx) => {
  await tx.users.update('ada', { role: 'admin', theme: 'dark' })
  await tx.notes.create({ text: `${limits} ${notes.length}` })
  return (await tx.authMember.findByUserId('ada')).map(({ role }): string => role)
})

// @ts-expect-error: no plugin here has such a table
void db.authApikey
// @ts-expect-error: a user's table is `users`
void db.authUser
// @ts-expect-error: without its secret
await db.authTwoFactor.create({ backupCodes: 'b', userId: 'ada' })
// @ts-expect-error: a number where a text belongs
await db.authOrganization.findMany({ where: { slug: 5 } })
// @ts-expect-error: no such plan
await db.users.update('ada', { plan: 'gold' })
// @ts-expect-error: the store alone does not know it
void store.authTwoFactor
