import { type LogMessage, PUBLIC_CONVERSATION } from "@parley/models";
import type { Store } from "@parley/store";
import { openMongoStore } from "@parley/store/mongo";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { mongoServer } from "../servers.ts";
import { withCheckedDigests } from "./digests/checked-digests.ts";
import { idAt, messageAt, messagesAt } from "./messages.ts";
import { everything, newPlace } from "./opening.ts";

const mongo = await mongoServer();
afterAll(() => mongo?.stop());

/** The time limit of each call. Long, because calls that are answered must keep to it on a machine that stalls. */
const TIMEOUT_MS = 3_000;
/** Upper bound for a call to a hanging server: its time limit, and a stall of the machine. */
const MAX_MS = 4 * TIMEOUT_MS;
const UNAVAILABLE = { name: "ChatError", code: "unavailable" };

async function open(): Promise<Store> {
  const url = `${mongo?.url}/${newPlace()}`;
  const store = withCheckedDigests(openMongoStore({ url, timeoutMs: TIMEOUT_MS }));
  onTestFinished(() => store.close());
  await store.prepare();
  return store;
}

function ready(store: Store): Promise<void> {
  return expect.poll(() => store.ping().then(() => "ready", String), { timeout: 30_000 }).toBe("ready");
}

/**
 * Inserts batches, three at a time, until one is refused. Resolves with the messages that were stored, and with those
 * whose outcome is unknown.
 */
async function insertUntilRefused(
  store: Store,
  from: number,
): Promise<{ stored: LogMessage[]; unknown: LogMessage[]; next: number }> {
  const stored: LogMessage[] = [];
  const unknown: LogMessage[] = [];
  let next = from;
  const inserter = async () => {
    while (unknown.length === 0) {
      const batch = messagesAt(next, next + 20).map((message) => ({ ...message, ref: message.id }));
      next += 20;
      try {
        for (const outcome of await store.insert(batch)) expect(outcome).toEqual({ kind: "stored" });
        stored.push(...batch);
      } catch (error) {
        expect(error).toMatchObject(UNAVAILABLE);
        unknown.push(...batch);
      }
    }
  };
  await Promise.all([inserter(), inserter(), inserter()]);
  return { stored, unknown, next };
}

describe.skipIf(mongo === undefined)("MongoDB that fails", { timeout: 120_000 }, () => {
  it("G1, F11: stored messages survive a SIGKILL of the server, and unknown ones can be inserted again", async () => {
    const store = await open();
    const stored: LogMessage[] = [];
    let next = 0;
    for (let round = 0; round < 2; round++) {
      const inserting = insertUntilRefused(store, next);
      const goal = idAt(next + 100);
      await expect.poll(() => store.lastId(), { timeout: 30_000 }).toSatisfy((id: string) => id > goal);
      await mongo?.kill("SIGKILL");
      const result = await inserting;
      stored.push(...result.stored);
      next = result.next;
      await mongo?.restart();
      await ready(store);
      const found = new Set((await everything(store, PUBLIC_CONVERSATION)).map(({ id }) => id));
      expect(stored.filter(({ id }) => !found.has(id))).toEqual([]);
      const again = await store.insert(result.unknown);
      expect(again).toEqual(result.unknown.map(() => ({ kind: "stored" })));
      stored.push(...result.unknown);
    }
    const found = await everything(store, PUBLIC_CONVERSATION);
    expect(found).toEqual(stored.sort((a, b) => (a.id < b.id ? -1 : 1)));
  });

  it("F11: calls to a hanging server fail with `unavailable` within the timeout, and work again after it", async () => {
    const store = await open();
    await store.insert(messagesAt(0, 10));
    await mongo?.kill("SIGSTOP");
    const operations = {
      insert: () => store.insert([messageAt(10)]),
      page: () => store.page(PUBLIC_CONVERSATION, { limit: 10, newest: true }),
      all: () => everything(store, PUBLIC_CONVERSATION),
      sync: () => store.sync("alice", { limit: 10 }),
      feed: () => store.feed({ limit: 10 }),
      conversations: () => store.conversations("alice", { limit: 10 }),
      findByRef: () => store.findByRef([messageAt(1, { ref: "r" })]),
      lastId: () => store.lastId(),
      ping: () => store.ping(),
      prepare: () => store.prepare(),
    };
    // Each operation runs twice at the same time, so there are more operations than the pool has connections.
    const twice = [...Object.entries(operations), ...Object.entries(operations)];
    await Promise.all(
      twice.map(async ([name, run]) => {
        const started = performance.now();
        await expect(run(), name).rejects.toMatchObject(UNAVAILABLE);
        expect(performance.now() - started, name).toBeLessThan(MAX_MS);
      }),
    );
    await mongo?.kill("SIGCONT");
    await ready(store);
    expect(await store.insert([messageAt(10), messageAt(11)])).toEqual([
      { kind: "stored" },
      { kind: "stored" },
    ]);
    expect(await everything(store, PUBLIC_CONVERSATION)).toEqual(messagesAt(0, 12));
  });

  it("F11: close does not wait for a hanging server", async () => {
    const store = await open();
    await mongo?.kill("SIGSTOP");
    const started = performance.now();
    const waiting = expect(store.lastId()).rejects.toMatchObject(UNAVAILABLE);
    await store.close();
    expect(performance.now() - started).toBeLessThan(MAX_MS);
    await waiting;
    await mongo?.kill("SIGCONT");
  });
});
