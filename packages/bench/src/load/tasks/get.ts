import { Agent, get } from "node:http";
import { serve } from "./serve.ts";

/** A process that asks for pages of history. */
export type GetTasks = typeof tasks;

interface Got {
  readonly pages: number;
  readonly failed: number;
  readonly bytes: number;
  readonly elapsedMs: number;
}

/** Bytes of a page's body. Rejects where it is not answered with 200 and at least one message. */
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
        else reject(new Error(`answered with ${response.statusCode} and ${bytes} bytes`));
      });
    }).on("error", reject);
  });
}

const tasks = {
  /** Closed loop: as many at a time as there are tokens, each asking again once it is answered. */
  async pages({ url, tokens, ms }: { url: string; tokens: readonly string[]; ms: number }): Promise<Got> {
    const agent = new Agent({ keepAlive: true, maxSockets: tokens.length });
    const startedAt = performance.now();
    const got = { pages: 0, failed: 0, bytes: 0 };
    const reader = async (token: string): Promise<void> => {
      while (performance.now() - startedAt < ms) {
        try {
          const bytes = await page(url, token, agent);
          got.bytes += bytes;
          got.pages += 1;
        } catch {
          got.failed += 1;
        }
      }
    };
    await Promise.all(tokens.map(reader));
    agent.destroy();
    return { ...got, elapsedMs: performance.now() - startedAt };
  },

  /** One answer, however long. Resolves with its bytes. */
  async whole({ url, token }: { url: string; token: string }): Promise<number> {
    const agent = new Agent();
    return page(url, token, agent).finally(() => agent.destroy());
  },
};

serve(tasks);
