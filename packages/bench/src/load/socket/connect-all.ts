import { performance } from "node:perf_hooks";

/** Number of concurrent handshakes. */
const AT_ONCE = 50;

/** Opens one connection per token. Resolves with the connections in the order of the tokens, and the time taken. */
export async function connectAll<C>(
  tokens: readonly string[],
  open: (token: string, index: number) => Promise<C>,
): Promise<{ connections: C[]; elapsedMs: number }> {
  const startedAt = performance.now();
  const connections: C[] = [];
  let next = 0;
  const opener = async (): Promise<void> => {
    for (let index = next++; index < tokens.length; index = next++) {
      connections[index] = await open(tokens[index] ?? "", index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, tokens.length) }, opener));
  return { connections, elapsedMs: performance.now() - startedAt };
}
