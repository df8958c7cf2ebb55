import { setImmediate as nextTurnOfLoop } from "node:timers/promises";
import { SCOPES } from "@parley/auth";
import type { LastMessages, Store } from "@parley/store";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MAX_STEP } from "../queries/step-size.ts";
import { startFullyStored } from "../test/fully-stored.ts";
import type { RunningApi } from "../test/running-api.ts";
import { message } from "../test/scripted-tail.ts";

const PEERS = 250;
/** Messages to bob, and then one of each of many others. */
const MESSAGES = [
  ...Array.from({ length: 400 }, (_, n) => message(n + 1, { from: "alice", to: "bob" })),
  ...Array.from({ length: PEERS }, (_, n) => message(401 + n, { from: `peer${n}`, to: "alice" })),
];
const READS = ["page", "sync", "feed", "conversations", "changes"] as const;

let server: RunningApi;
/** Number of iterations of the event loop. */
let loops = 0;
const counting = new AbortController();
/** The messages that the store returned, by the iteration of the event loop in which it was asked. */
let byLoop = new Map<number, number>();

/** Counts what the store returns. SQLite does it in the iteration in which it is asked. */
function counted(store: Store): Store {
  return new Proxy(store, {
    get(target, name) {
      const value = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      if (!READS.some((read) => read === name)) return value.bind(target);
      return async (...args: unknown[]) => {
        const loop = loops;
        const result: readonly unknown[] | LastMessages = await Reflect.apply(value, target, args);
        const { length } = "messages" in result ? result.messages : result;
        byLoop.set(loop, (byLoop.get(loop) ?? 0) + length);
        return result;
      };
    },
  });
}

beforeAll(async () => {
  ({ server } = await startFullyStored(MESSAGES, {}, counted));
  void (async () => {
    for (; !counting.signal.aborted; loops += 1) await nextTurnOfLoop();
  })();
});
afterAll(async () => {
  counting.abort();
  await server.stop();
});

describe("a long answer", () => {
  it.each([
    ["/sync?limit=1000", 650],
    ["/messages/bob?limit=1000", 400],
    ["/messages/bob", 400],
    ["/feed?limit=1000", 650],
    // The list, and the unread message of each of the first 100 conversations.
    ["/conversations?limit=1000", 251 + 100],
  ])("G5: is read in steps, with the event loop free between them: %s", async (path, all) => {
    byLoop = new Map();
    const { status } = await server.request(path, { scopes: [SCOPES.historyAll] });
    expect(status).toBe(200);
    const perLoop = [...byLoop.values()];
    expect(perLoop.reduce((sum, messages) => sum + messages, 0)).toBeGreaterThanOrEqual(all);
    // Two steps may seem to be in one iteration, if one runs before the count and the other one after it.
    expect(Math.max(...perLoop)).toBeLessThanOrEqual(2 * MAX_STEP);
  });
});
