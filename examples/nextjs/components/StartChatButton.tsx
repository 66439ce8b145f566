'use client'

import { useState, useTransition } from 'react'
import { startChat } from '@/actions/characters'
import { attempt } from '@/lib/attempt'

export function StartChatButton({ characterId }: { characterId: string }) {
  const [error, setError] = useState('')
  const [starting, start] = useTransition()
  return (
    <>
      <button
        className="button"
        disabled={starting}
        onClick={() => start(async () => setError((await attempt(() => startChat(characterId)))?.error ?? ''))}
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
