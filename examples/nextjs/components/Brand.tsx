export function Brand() {
  return (
    <>
      <svg className="mark" viewBox="0 0 32 32" aria-hidden="true">
        <rect width="32" height="32" rx="8" />
        <path d="M9 10h14M9 16h10M9 22h14" />
        <circle cx="23.5" cy="16" r="2" />
      </svg>
      <span className="wordmark">The Green Room</span>
    </>
  )
}
