import { createHash } from "node:crypto";
import type { ChainableCommander, Redis } from "ioredis";
import { scriptText } from "./script-text.ts";

/** A Lua script of the folder `lua`. Its text is read when it is first used. */
export class Script {
  readonly name: string;
  #source: { readonly lua: string; readonly sha: string } | undefined;

  constructor(name: string) {
    this.name = name;
  }

  /** Loads the script into the server, for `runLoaded`. */
  async load(client: Redis): Promise<void> {
    await client.script("LOAD", this.#read().lua);
  }

  /**
   * Runs a script that `load` has loaded. Unlike `run`, never sends the script's text after a failure, because then
   * later commands on the connection would run before the script. If the server has lost the script, rejects with an
   * error that isn't a refusal. The caller then replaces the connection, and no answer to a later command on it counts.
   */
  async runLoaded(
    client: Redis,
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<unknown> {
    try {
      return await client.evalsha(this.#read().sha, keys.length, ...keys, ...args);
    } catch (error) {
      throw isUnknownScript(error) ? new Error("the server has lost the script") : error;
    }
  }

  /** Runs the script. Sends its text only if Redis answers that it doesn't know the script, and so hasn't run it. */
  async run(client: Redis, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    const { lua, sha } = this.#read();
    try {
      return await client.evalsha(sha, keys.length, ...keys, ...args);
    } catch (error) {
      if (!isUnknownScript(error)) throw error;
      return await client.eval(lua, keys.length, ...keys, ...args);
    }
  }

  /** Adds the script to a transaction. Always sends its text, because an unknown script would fail the transaction. */
  addTo(transaction: ChainableCommander, keys: readonly string[]): ChainableCommander {
    return transaction.eval(this.#read().lua, keys.length, ...keys);
  }

  #read(): { readonly lua: string; readonly sha: string } {
    if (!this.#source) {
      const lua = scriptText(this.name);
      this.#source = { lua, sha: createHash("sha1").update(lua).digest("hex") };
    }
    return this.#source;
  }
}

function isUnknownScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith("NOSCRIPT");
}
