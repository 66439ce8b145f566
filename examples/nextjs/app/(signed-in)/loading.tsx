export default function Loading() {
  return (
    <div className="page" role="status">
      <span className="sr-only">Loading</span>
      <div className="shimmer shimmer-title" />
      <div className="shimmer" />
      <div className="shimmer" />
      <div className="shimmer" />
    </div>
  )
}
