// The model itself: its fields, and how they refer to others.

import type { Field, Kind, Model } from './api.ts'
import { address } from './state.ts'

function KindView({ kind }: { kind: Kind }) {
  switch (kind.is) {
    case 'link':
      return (
        <>
          <a href={address([kind.to])}>{kind.to}</a> <span class="faint">when it is deleted: {kind.onDelete}</span>
        </>
      )
    case 'list':
      return (
        <>
          list of <KindView kind={kind.of} />
        </>
      )
    case 'enum':
      return <>{kind.words.join(' | ')}</>
    case 'object':
      return <>object of {kind.fields.map(({ name }) => name).join(', ')}</>
    default:
      return <>{kind.is}</>
  }
}

const remarks = (field: Field) =>
  [
    field.optional && 'may be empty',
    field.default !== null && `default ${JSON.stringify(field.default)}`,
    field.derived && 'kept by the store',
    field.sealed && 'sealed',
    field.private && !field.sealed && 'private',
  ]
    .filter(Boolean)
    .join(', ')

export function ModelTable({ model }: { model: Model }) {
  return (
    <div class="model" tabIndex={0} role="region" aria-label={`Fields of ${model.name}`}>
      <table>
        <thead>
          <tr>
            <th scope="col">field</th>
            <th scope="col">holds</th>
            <th scope="col">besides</th>
          </tr>
        </thead>
        <tbody>
          {model.fields.map((field) => (
            <tr key={field.name}>
              <th scope="row">{field.name}</th>
              <td>
                <KindView kind={field.kind} />
              </td>
              <td>
                {remarks(field)} <span class="faint">{field.doc}</span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
