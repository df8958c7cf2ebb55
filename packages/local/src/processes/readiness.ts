/** An answer is reused for this long. */
const CACHE_MS = 200;
/** A process that takes longer to answer isn't considered ready, because it may be frozen. */
const TIMEOUT_MS = 500;

/**
 * Returns a function that asks the process' admin port if the process is ready, and resolves with the answer. The
 * function never rejects and sends at most five requests a second.
 */
export function readiness(adminUrl: string): () => Promise<boolean> {
  let askedAt = Number.NEGATIVE_INFINITY;
  let answer = Promise.resolve(false);
  return () => {
    const now = performance.now();
    if (now - askedAt > CACHE_MS) {
      askedAt = now;
      answer = ask(`${adminUrl}/readyz`);
    }
    return answer;
  };
}

async function ask(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
