import { Agent, get } from "node:http";
import { serve } from "./serve.ts";

/** Tasks of a load process that requests history. */
export type GetTasks = typeof tasks;

interface GetResult {
  readonly pages: number;
  readonly failed: number;
  readonly bytes: number;
  readonly elapsedMs: number;
}

/**
 * Requests a page. Resolves with the number of bytes in its body. Rejects unless the answer is a 200 with at least
 * one message.
 */
function page(url: string, token: string, agent: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    get(url, { agent, headers: { authorization: `Bearer ${token}` } }, (response) => {
      let bytes = 0;
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
      });
      response.on("error", reject);
      response.on("end", () => {
        if (response.statusCode === 200 && bytes > "[]".length) resolve(bytes);
        else
          reject(new Error(`${response.statusCode} with ${bytes} bytes in answer to a request for history`));
      });
    }).on("error", reject);
  });
}

const tasks = {
  /** Closed loop with one reader per token. Each reader sends its next request once the previous one is answered. */
  async pages({
    url,
    tokens,
    ms,
  }: {
    url: string;
    tokens: readonly string[];
    ms: number;
  }): Promise<GetResult> {
    const agent = new Agent({ keepAlive: true, maxSockets: tokens.length });
    const startedAt = performance.now();
    const result = { pages: 0, failed: 0, bytes: 0 };
    const reader = async (token: string): Promise<void> => {
      while (performance.now() - startedAt < ms) {
        try {
          const bytes = await page(url, token, agent);
          result.bytes += bytes;
          result.pages += 1;
        } catch {
          result.failed += 1;
        }
      }
    };
    await Promise.all(tokens.map(reader));
    agent.destroy();
    return { ...result, elapsedMs: performance.now() - startedAt };
  },

  /** Requests a whole conversation at once. Resolves with the size of the answer in bytes. */
  async whole({ url, token }: { url: string; token: string }): Promise<number> {
    const agent = new Agent();
    return page(url, token, agent).finally(() => agent.destroy());
  },
};

serve(tasks);
