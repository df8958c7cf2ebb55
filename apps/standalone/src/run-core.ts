/** Runs a core until what is returned is called, which is later than the signal: clients leave first. */
export function running(core: { run(signal: AbortSignal): Promise<void> }): () => Promise<void> {
  const ending = new AbortController();
  const ended = core.run(ending.signal);
  return () => {
    ending.abort();
    return ended;
  };
}
