import { createHash } from "node:crypto";
import type { Redis } from "ioredis";

/** A Lua script and its name in Redis. */
export class Script {
  readonly #lua: string;
  readonly #sha: string;

  constructor(lua: string) {
    this.#lua = lua;
    this.#sha = createHash("sha1").update(lua).digest("hex");
  }

  /** Runs it once. Sent a second time, whole, only when Redis says that it does not know it and so has not run it. */
  async run(client: Redis, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    try {
      return await client.evalsha(this.#sha, keys.length, ...keys, ...args);
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith("NOSCRIPT"))) throw error;
      return await client.eval(this.#lua, keys.length, ...keys, ...args);
    }
  }
}
