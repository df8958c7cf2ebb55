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

  /** Makes it known to the server, for `runLoaded`. */
  async load(client: Redis): Promise<void> {
    await client.script("LOAD", this.#lua);
  }

  /**
   * Runs it where it was loaded. What is sent behind it before it is answered runs after it, or not at all: a server
   * that has forgotten the script makes this reject with an error that is no refusal, so that the connection is made
   * anew and nothing that was sent over it counts.
   */
  async runLoaded(
    client: Redis,
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<unknown> {
    try {
      return await client.evalsha(this.#sha, keys.length, ...keys, ...args);
    } catch (error) {
      throw isUnknown(error) ? new Error("the server has forgotten the script") : error;
    }
  }

  /** Runs it once. Sent a second time, whole, only when Redis says that it does not know it and so has not run it. */
  async run(client: Redis, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    try {
      return await client.evalsha(this.#sha, keys.length, ...keys, ...args);
    } catch (error) {
      if (!isUnknown(error)) throw error;
      return await client.eval(this.#lua, keys.length, ...keys, ...args);
    }
  }
}

function isUnknown(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith("NOSCRIPT");
}
