'use client'

import { useState, useTransition } from 'react'
import { startChat } from '@/actions/characters'

export function StartChatButton({ characterId }: { characterId: string }) {
  const [error, setError] = useState('')
  const [starting, start] = useTransition()
  return (
    <>
      <button
        className="button"
        disabled={starting}
        onClick={() => start(async () => setError((await startChat(characterId))?.error ?? ''))}
      >
        {starting ? 'Opening…' : 'New chat'}
      </button>
      {error ? (
        <span className="fault" role="alert">
          {error}
        </span>
      ) : null}
    </>
  )
}
