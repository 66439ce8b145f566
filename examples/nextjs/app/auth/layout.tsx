import { Brand } from '@/components/Brand'

export default function SignInLayout({ children }: { children: React.ReactNode }) {
  return (
    <div className="foyer">
      <aside className="poster">
        <div className="brand">
          <Brand />
        </div>
        <blockquote>
          <p>I am not talking to it. I am reassuring it. There are nine hens in there who have never been to sea.</p>
          <footer>Mrs Hale, in “The night ferry”</footer>
        </blockquote>
        <p className="poster-note">Your characters and chats are plain files in a folder of your own.</p>
      </aside>
      <main className="door">{children}</main>
    </div>
  )
}
