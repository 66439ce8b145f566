// What is asked before a change is made, and what is shown when somebody else was faster.

import { useState } from 'preact/hooks'
import { api, type Fields, type Model, type Told } from './api.ts'
import { Dialog } from './dialog.tsx'
import { Consequences, Differences } from './diff.tsx'
import { complain, note, say } from './state.ts'

/** What is asked before it is done. */
export interface Question {
  what: 'create' | 'update' | 'delete'
  told: Told
  go: () => Promise<void>
}

/** A record as its file has it. */
export const written = (map: Fields) => `${JSON.stringify(map, null, 2)}\n`

const TITLES = { create: 'Create this?', update: 'Save this?', delete: 'Delete this?' }
const WORDS = { create: 'Create', update: 'Save', delete: 'Delete' }

/** Tells what would be done, and does it once that is wanted. */
export function Review({ question, id, close }: { question: Question; id: string; close: () => void }) {
  const [busy, setBusy] = useState(false)
  const { what, told } = question
  const sure = async () => {
    setBusy(true)
    try {
      await question.go()
    } catch (error) {
      complain(error)
    }
    setBusy(false)
    close()
  }
  return (
    <Dialog title={TITLES[what]} close={close} wide>
      <Consequences told={told} main={what === 'update' ? id : undefined} />
      {told.final && <p class="banner bad">This cannot be taken back: {told.final}.</p>}
      <footer>
        <button
          type="button"
          autoFocus={what !== 'delete'}
          class={what === 'delete' ? 'danger' : 'primary'}
          disabled={busy}
          onClick={sure}
        >
          {WORDS[what]}
        </button>
        <button type="button" autoFocus={what === 'delete'} onClick={close}>
          Not yet
        </button>
      </footer>
    </Dialog>
  )
}

interface ConflictProps {
  told: Told
  mine: Fields
  original: Fields
  model: Model
  id: string
  close: () => void
  reload: () => Promise<void>
  ask: (question: Question) => void
}

/** Somebody else has changed it: what theirs and mine are, and nothing is written over. */
export function Conflict({ told, mine, original, model, id, close, reload, ask }: ConflictProps) {
  const { text, stamp, gone } = told.conflict!
  const theirs = text ? (JSON.parse(text) as Fields) : {}
  const onto = async () => {
    const names = Object.keys({ ...original, ...mine })
    const merged = { ...theirs }
    for (const name of names) {
      if (JSON.stringify(mine[name]) === JSON.stringify(original[name])) continue
      if (mine[name] === undefined) delete merged[name]
      else merged[name] = mine[name]
    }
    const asked = { model: model.name, key: id, stamp, text: written(merged) }
    try {
      const rehearsed = await api.change('update', asked, true)
      if (rehearsed.conflict) return void (await reload())
      const save = async () => {
        const done = await api.change('update', asked, false)
        if (done.conflict) say('It has changed once more: look at it again.', { bad: true })
        else note(`Saved ${model.name}.`, done)
        await reload()
      }
      ask({ what: 'update', told: rehearsed, go: save })
    } catch (error) {
      complain(error)
    }
  }
  return (
    <Dialog title={gone ? 'This was deleted meanwhile' : 'This was changed elsewhere meanwhile'} close={close} wide>
      {gone ? (
        <p>Nothing was written. What you have typed is still in the form.</p>
      ) : (
        <>
          <h3>What is other there now</h3>
          <Differences before={original} after={theirs} />
          <h3>What you have changed</h3>
          <Differences before={original} after={mine} />
        </>
      )}
      <footer>
        {!gone && (
          <button type="button" class="primary" onClick={() => void onto()}>
            Review mine on top of theirs
          </button>
        )}
        <button type="button" onClick={() => void reload()}>
          Discard mine
        </button>
        <button type="button" onClick={close}>
          Go on editing
        </button>
      </footer>
    </Dialog>
  )
}
