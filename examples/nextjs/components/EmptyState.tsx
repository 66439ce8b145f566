export function EmptyState({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <section className="empty">
      <svg viewBox="0 0 120 60" aria-hidden="true">
        <path d="M6 6h108v6q-10 22-4 42H96q2-26-14-42H38Q22 28 24 54H10Q16 34 6 12z" />
        <ellipse cx="60" cy="54" rx="30" ry="3" />
      </svg>
      <h2>{title}</h2>
      {children}
    </section>
  )
}
