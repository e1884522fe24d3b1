/** Waits for a promise that no signal reaches, until the signal is aborted: then it rejects with its reason. */
export async function raced<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort = () => {}
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason)
    if (signal.aborted) onAbort()
  })
  signal.addEventListener('abort', onAbort, { once: true })
  // Whichever loses may still reject, and nobody listens then.
  promise.catch(() => {})
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
