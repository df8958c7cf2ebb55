/**
 * Starts a core and returns a function that stops it. Cores stop only when that function is called rather than on
 * SIGTERM itself, because clients have to leave first.
 */
export function startCore(core: { run(signal: AbortSignal): Promise<void> }): () => Promise<void> {
  const stop = new AbortController();
  const ended = core.run(stop.signal);
  return () => {
    stop.abort();
    return ended;
  };
}
