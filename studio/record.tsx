// One record: as a form beside its JSON, with what belongs to it.

import { useEffect, useMemo, useState } from 'preact/hooks'
import { api, payloadAddress, type Fields, type Found, type Model, type Told } from './api.ts'
import { Chat } from './chat.tsx'
import { Editing } from './editing.tsx'
import { EditorLink } from './editor.tsx'
import { Related } from './related.tsx'
import { Conflict, Review, type Question } from './review.tsx'
import { address, adjust, changed, complain, go, mayWrite, modelNamed, note, place, say } from './state.ts'
import { Empty, counted, sized } from './value.tsx'

export function Record({ model, id }: { model: Model; id: string }) {
  const [found, setFound] = useState<Found | null | undefined>(undefined)
  const [failure, setFailure] = useState('')
  const [stale, setStale] = useState<Found | null | undefined>(undefined)
  const [dirty, setDirty] = useState(false)

  const load = async () => {
    try {
      setFound(await api.record(model.name, id))
      setStale(undefined)
      setFailure('')
    } catch (error) {
      setFailure((error as Error).message)
    }
  }
  useEffect(() => {
    setFound(undefined)
    setDirty(false)
    void load()
  }, [model.name, id])
  // A change elsewhere is taken over at once, unless something here would be lost by it.
  useEffect(() => {
    const { number, models, events } = changed.value
    const isMine =
      models.includes(model.name) && (events === null || events.some((event) => event.id === id || event.id === null))
    if (number === 0 || !found || !(isMine || events?.some((event) => Object.values(event).includes(id)))) return
    if (!dirty) return void load()
    void api.record(model.name, id).then((now) => now?.stamp !== found.stamp && setStale(now), complain)
  }, [changed.value])

  if (failure) return <Empty>{failure}</Empty>
  if (found === undefined) return <Empty>Loading…</Empty>
  if (found === null)
    return (
      <Empty>
        No {model.name} has the id {id}; it may have been deleted.
      </Empty>
    )
  if (found.broken) return <Broken found={found} />
  return (
    <Sheet
      key={`${found.key}${found.stamp}`}
      model={model}
      found={found}
      stale={stale}
      reload={load}
      setDirty={setDirty}
    />
  )
}

function Broken({ found }: { found: Found }) {
  return (
    <section class="record">
      <header class="bar">
        <h1>{found.key}</h1>
      </header>
      <p class="banner bad" role="alert">
        This {found.model} cannot be read: {found.broken}
      </p>
      {found.path && <EditorLink path={found.path} />}
    </section>
  )
}

interface SheetProps {
  model: Model
  found: Found
  stale: Found | null | undefined
  reload: () => Promise<void>
  setDirty: (dirty: boolean) => void
}

function Sheet({ model, found, stale, reload, setDirty }: SheetProps) {
  const original = useMemo(() => JSON.parse(found.text) as Fields, [found])
  const readOnly = !mayWrite.value || model.readOnly
  const log = found.logs.find((name) => modelNamed(name))
  const tabs = [...(log ? ['Log'] : []), 'Record', 'Related']
  const wanted = place.value.query.get('tab')
  const tab = tabs.find((name) => name === wanted) ?? tabs[0]!
  const related = found.related.reduce((sum, { count }) => sum + count, 0)

  const [question, setQuestion] = useState<Question | null>(null)
  const [conflict, setConflict] = useState<{ told: Told; mine: Fields } | null>(null)

  const remove = async () => {
    const asked = { model: model.name, key: found.key, stamp: found.stamp }
    try {
      const told = await api.change('delete', asked, true)
      if (told.conflict) return void (await reload())
      setQuestion({
        what: 'delete',
        told,
        go: async () => {
          const done = await api.change('delete', asked, false)
          setQuestion(null)
          if (done.conflict) return say('It has changed meanwhile: look at it once more.', { bad: true })
          note(`Deleted ${model.name} ${found.label}.`, done)
          go(found.owner && model.owner ? [model.owner.model, found.owner] : [model.name])
        },
      })
    } catch (error) {
      complain(error)
    }
  }

  return (
    <section class="record">
      <header class="bar">
        <div class="title">
          <p class="crumbs">
            <a href={address([model.name])}>{model.name}</a>
            {found.owner && model.owner && (
              <>
                {' '}
                in <a href={address([model.owner.model, found.owner], { at: found.key })}>its {model.owner.model}</a>
              </>
            )}
          </p>
          <h1>{found.label}</h1>
        </div>
        {!readOnly && !model.single && (
          <button type="button" class="danger" onClick={remove}>
            Delete…
          </button>
        )}
      </header>
      <p class="status">
        {found.path && <EditorLink path={found.path} />} <span class="faint">{sized(found.bytes)}</span>
      </p>
      {stale !== undefined && (
        <p class="banner" role="alert">
          {stale === null ? 'This was deleted elsewhere meanwhile.' : 'This was changed elsewhere meanwhile.'}
          <button type="button" onClick={() => void reload()}>
            Show it as it is now
          </button>
        </p>
      )}
      {tabs.length > 1 && (
        <div role="tablist" aria-label="Parts">
          {tabs.map((name) => (
            <button
              key={name}
              type="button"
              role="tab"
              aria-selected={name === tab}
              onClick={() => adjust({ tab: name })}
            >
              {name === 'Log' ? 'Conversation' : name}
              {name === 'Related' && <span class="faint"> {counted(related)}</span>}
            </button>
          ))}
        </div>
      )}
      {found.hasPayload && tab === 'Record' && <Payload found={found} map={original} />}
      {tab === 'Log' && log && <Chat model={modelNamed(log)!} owner={found.key} at={place.value.query.get('at')} />}
      {tab === 'Related' && <Related found={found} />}
      {tab === 'Record' && (
        <Editing
          model={model}
          found={found}
          original={original}
          readOnly={readOnly}
          setDirty={setDirty}
          ask={setQuestion}
          collide={(told, mine) => setConflict({ told, mine })}
          reload={reload}
        />
      )}
      {question && <Review question={question} id={found.key} close={() => setQuestion(null)} />}
      {conflict && (
        <Conflict
          {...conflict}
          original={original}
          close={() => setConflict(null)}
          reload={async () => {
            setConflict(null)
            await reload()
          }}
          model={model}
          id={found.key}
          ask={(next) => {
            setConflict(null)
            setQuestion(next)
          }}
        />
      )}
    </section>
  )
}

function Payload({ found, map }: { found: Found; map: Fields }) {
  const [isImage, setIsImage] = useState(true)
  const name = String(map.filename ?? found.key)
  return (
    <figure class="payload">
      {isImage && <img src={payloadAddress(found.key)} alt={name} onError={() => setIsImage(false)} />}
      <figcaption>
        <a href={payloadAddress(found.key)} download={name}>
          Save {name}
        </a>
      </figcaption>
    </figure>
  )
}
