'use client'

export default function Failure({ error, reset }: { error: Error & { digest?: string }; reset: () => void }) {
  return (
    <main className="lonely" role="alert">
      <p className="eyebrow">Curtain down</p>
      <h1>This page could not be shown</h1>
      <p>
        What was saved is there, and nothing is half done. The server’s log says what happened
        {error.digest ? (
          <>
            {' '}
            under <code>{error.digest}</code>
          </>
        ) : null}
        .
      </p>
      <button className="button" onClick={reset}>
        Try again
      </button>
    </main>
  )
}
