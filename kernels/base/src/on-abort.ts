/**
 * Calls `listener` once when `signal` is aborted, at once when it is already; returns what takes the listener off again.
 * Whoever listens to a signal that lives longer than the work takes it off at the work's end: the signal would keep the
 * listener, and all that it holds, for good. Without a signal nothing is done.
 */
export function onAbort(signal: AbortSignal | undefined, listener: () => void): () => void {
  if (!signal) return () => undefined;
  if (signal.aborted) {
    listener();
    return () => undefined;
  }
  signal.addEventListener("abort", listener, { once: true });
  return () => signal.removeEventListener("abort", listener);
}
