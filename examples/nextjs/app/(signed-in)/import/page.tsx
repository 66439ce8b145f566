import type { Metadata } from 'next'
import { ImportForm } from '@/components/ImportForm'
import { ShippedScene } from '@/components/ShippedScene'
import { requireUser } from '@/lib/session'
import { shippedScenes, titleOfFile } from '@/lib/shippedScenes'

export const metadata: Metadata = { title: 'Import' }

export default async function ImportPage() {
  await requireUser()
  const scenes = await shippedScenes()
  return (
    <div className="page narrow">
      <h1>Import a play</h1>
      <p className="lead">
        Everybody who speaks becomes a character, and every scene becomes a chat. All of it arrives, or nothing does.
      </p>
      {scenes.map((scene) => (
        <ShippedScene key={scene} file={scene} title={titleOfFile(scene)} />
      ))}
      <ImportForm />
    </div>
  )
}
