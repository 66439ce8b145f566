// A record that is to be.

import { useEffect, useState } from 'preact/hooks'
import { api, type Fields, type Model } from './api.ts'
import { Editing, PARTS } from './editing.tsx'
import { Review, type Question } from './review.tsx'
import { address, complain, mayWrite, place } from './state.ts'
import { Empty } from './value.tsx'

/** With defaults, and the owner where there is but one. */
export function NewRecord({ model }: { model: Model }) {
  const [original, setOriginal] = useState<Fields | null>(null)
  const [question, setQuestion] = useState<Question | null>(null)
  const owner = place.value.query.get('owner') ?? undefined
  useEffect(() => {
    void start(model).then(setOriginal, complain)
  }, [model.name])
  if (!mayWrite.value) return <Empty>This studio only shows: start it with --write to create something.</Empty>
  if (original === null) return <Empty>Loading…</Empty>
  return (
    <section class="record">
      <header class="bar">
        <div class="title">
          <p class="crumbs">
            <a href={address([model.name])}>{model.name}</a>
          </p>
          <h1>New {model.name}</h1>
        </div>
      </header>
      <Editing
        model={model}
        found={null}
        original={original}
        readOnly={false}
        setDirty={() => {}}
        ask={setQuestion}
        collide={() => {}}
        reload={async () => {}}
        owner={owner}
      />
      {question && <Review question={question} id="" close={() => setQuestion(null)} />}
    </section>
  )
}

async function start(model: Model): Promise<Fields> {
  const given = ['id', 'createdAt', 'updatedAt', ...PARTS]
  const fields = model.fields.filter((field) => !given.includes(field.name) && !field.given && !field.optional)
  const map: Fields = {}
  for (const field of fields) map[field.name] = field.default ?? (field.kind.is === 'text' ? '' : null)
  const toUser = fields.filter((field) => field.kind.is === 'link' && field.kind.to === 'User')
  if (toUser.length > 0) {
    const { rows } = await api.list('User', { take: 1 })
    for (const field of toUser) map[field.name] = rows[0]?.key ?? null
  }
  return map
}
