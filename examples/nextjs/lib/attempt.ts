import { unstable_rethrow } from 'next/navigation'

/** Calls the server; when it does not answer, gives a fault to show instead of a broken page. */
export async function attempt<T>(work: () => Promise<T>): Promise<T | { error: string }> {
  try {
    return await work()
  } catch (error) {
    unstable_rethrow(error)
    return { error: 'The server did not answer. Reload the page to see what it has kept.' }
  }
}
