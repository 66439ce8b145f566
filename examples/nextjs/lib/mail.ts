import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { EmailConfig } from 'next-auth/providers/email'

const LINK_LIVES_SECONDS = 60 * 60

export function mailFolder() {
  const folder = process.env.MAIL_DIR ?? join(process.env.DATA_DIR ?? './data', '..', 'mail')
  return resolve(/* turbopackIgnore: true */ folder)
}

/**
 * Sign-in by a link in a mail, and the mail is a file. Written by hand rather than with
 * next-auth's `EmailProvider`, which loads nodemailer: replace `writeMail` to really send.
 */
export const emailLink: EmailConfig = {
  id: 'email',
  type: 'email',
  name: 'Email',
  server: '',
  from: 'The Green Room <no-reply@localhost>',
  maxAge: LINK_LIVES_SECONDS,
  options: {},
  async sendVerificationRequest({ identifier, url }) {
    const file = await writeMail(identifier, confirmLink(url))
    console.log(`Mail for ${identifier} written to ${file}`)
  },
}

/**
 * Mail scanners open every link, and the callback's link works once. So the mail leads to
 * a page with a button, and only the button leads to the callback.
 */
export function confirmLink(callbackUrl: string) {
  const link = new URL(callbackUrl)
  link.pathname = link.pathname.replace(/\/api\/auth\/callback\/email$/, '/auth/confirm')
  return link.href
}

async function writeMail(address: string, link: string) {
  const folder = mailFolder()
  const time = new Date().toISOString().replaceAll(':', '-')
  const file = join(folder, `${time}-${address.replaceAll(/[^\w@.+-]/g, '_')}.txt`)
  const text = [
    `To: ${address}`,
    `From: ${emailLink.from}`,
    'Subject: Your way into the Green Room',
    '',
    'Open this link and press the button to sign in:',
    '',
    link,
    '',
    'It works once and for one hour. If you did not ask for it, nothing happens.',
    '',
  ].join('\n')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await writeFile(file, text, { mode: 0o600, flag: 'wx' })
  return file
}
