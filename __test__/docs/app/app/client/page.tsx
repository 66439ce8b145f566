'use client'

import { StoreError } from 'quilltap-store'

// A mistake that is told in the browser.
export default function Page() {
  return <p>{typeof StoreError}</p>
}
