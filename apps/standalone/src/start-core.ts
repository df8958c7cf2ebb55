/**
 * Starts a core and returns a function that stops it. A core doesn't stop on SIGTERM itself, because the clients'
 * connections must be closed first.
 */
export function startCore(core: { run(signal: AbortSignal): Promise<void> }): () => Promise<void> {
  const stop = new AbortController();
  const ended = core.run(stop.signal);
  return () => {
    stop.abort();
    return ended;
  };
}
