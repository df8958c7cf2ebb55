/** Between two questions to the same process. */
const KNOWN_FOR_MS = 200;
/** A process that is frozen is not ready. */
const TIMEOUT_MS = 500;

/** Whether a process says that it is ready at its admin port: asked at most five times a second. Never rejects. */
export function readiness(adminUrl: string): () => Promise<boolean> {
  let askedAt = Number.NEGATIVE_INFINITY;
  let answer = Promise.resolve(false);
  return () => {
    const now = performance.now();
    if (now - askedAt > KNOWN_FOR_MS) {
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
