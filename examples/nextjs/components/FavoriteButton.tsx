'use client'

import { useOptimistic, useState, useTransition } from 'react'
import { setFavorite } from '@/actions/characters'
import { attempt } from '@/lib/attempt'

export function FavoriteButton({ characterId, isFavorite }: { characterId: string; isFavorite: boolean }) {
  const [shown, show] = useOptimistic(isFavorite)
  const [error, setError] = useState('')
  const [, startChange] = useTransition()

  function toggle() {
    startChange(async () => {
      show(!shown)
      setError((await attempt(() => setFavorite(characterId, !shown)))?.error ?? '')
    })
  }

  return (
    <>
      <button className="button quiet favorite" aria-pressed={shown} onClick={toggle}>
        <span aria-hidden="true">{shown ? '★' : '☆'}</span> Favourite
      </button>
      {error ? (
        <span className="fault" role="alert">
          {error}
        </span>
      ) : null}
    </>
  )
}
