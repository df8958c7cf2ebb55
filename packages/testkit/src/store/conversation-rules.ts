import type { LogMessage } from "@parley/models";
import type { Store } from "@parley/store";
import { expect, it } from "vitest";
import { idAt, idsOf, messageAt } from "./messages.ts";
import { newPlace, type OpenStore } from "./opening.ts";

const PEERS = Array.from({ length: 20 }, (_, n) => `peer${n}`);

/** Messages between alice and each of the peers, in both directions, mixed with other users' messages. */
const MIXED: readonly LogMessage[] = Array.from({ length: 200 }, (_, n) => {
  const peer = PEERS[(n * 7) % PEERS.length] ?? "";
  if (n % 7 === 6) return messageAt(n, { from: peer, to: n % 2 ? "" : "zoe" });
  return messageAt(n, n % 2 ? { from: "alice", to: peer } : { from: peer, to: "alice" });
});

/** Returns the result that `conversations` must have for a user if there is no limit. */
function lastMessagesOf(messages: readonly LogMessage[], user: string): LogMessage[] {
  const lastMessages = new Map<string, LogMessage>();
  for (const message of [...messages].sort((a, b) => (a.id < b.id ? -1 : 1))) {
    const { from, to } = message;
    if (to !== "" && (from === user || to === user)) lastMessages.set(from === user ? to : from, message);
  }
  return [...lastMessages.values()].sort((a, b) => (a.id < b.id ? 1 : -1));
}

async function allPages(store: Store, user: string, limit: number): Promise<LogMessage[]> {
  const seen: LogMessage[] = [];
  for (let before: string | undefined, pages = 0; pages < 100; pages += 1) {
    const page = await store.conversations(user, { before, limit });
    expect(page.messages.length).toBeLessThanOrEqual(limit);
    seen.push(...page.messages);
    if (page.next === undefined) break;
    before = page.next;
  }
  return seen;
}

/** Store contract: the list of conversations. */
export function conversationRules(open: OpenStore): void {
  it("P57: the last message of each private conversation of the user, newest first, page by page", async () => {
    const store = await open();
    await store.insert(MIXED);
    for (const user of ["alice", "zoe", "peer3", "nobody", "Alice", "ali"]) {
      const lastMessages = lastMessagesOf(MIXED, user);
      for (const limit of [1, 3, lastMessages.length || 1, 1000])
        expect(await allPages(store, user, limit), `${user}, ${limit}`).toEqual(lastMessages);
    }
    expect(lastMessagesOf(MIXED, "alice")).toHaveLength(20);
  });

  it("G5, P57: a page ends at the message that reaches maxBytes, and the next pages hold the others", async () => {
    const store = await open();
    const long = MIXED.map((message) => ({ ...message, content: "x".repeat(3_000) }));
    await store.insert(long);
    const lastMessages = lastMessagesOf(long, "alice");
    const seen: LogMessage[] = [];
    for (let before: string | undefined, pages = 0; pages < 30; pages += 1) {
      const page = await store.conversations("alice", { before, limit: 9, maxBytes: 15_000 });
      expect(page.messages.length).toBeLessThanOrEqual(3);
      seen.push(...page.messages);
      if (page.next === undefined) break;
      before = page.next;
    }
    expect(seen).toEqual(lastMessages);
  });

  it("P57: `before` is exclusive, and a limit of zero returns nothing", async () => {
    const store = await open();
    await store.insert(MIXED);
    const lastMessages = lastMessagesOf(MIXED, "alice");
    const before = lastMessages[4]?.id;
    const { messages } = await store.conversations("alice", { before, limit: 3 });
    expect(messages).toEqual(lastMessages.slice(5, 8));
    expect(await store.conversations("alice", { limit: 0 })).toEqual({ messages: [], next: undefined });
  });

  it("P57: a conversation with oneself counts as one, and the public room doesn't", async () => {
    const store = await open();
    const own = messageAt(2, { from: "alice", to: "alice" });
    await store.insert([messageAt(1, { from: "alice", to: "alice" }), own, messageAt(3)]);
    expect(await store.conversations("alice", { limit: 9 })).toEqual({ messages: [own], next: undefined });
  });

  it("P57: repeated, reordered and concurrent batches don't replace the last message by an earlier one", async () => {
    const store = await open();
    const parts = Array.from({ length: 10 }, (_, n) => MIXED.slice(n * 20, n * 20 + 20));
    const orders = [0, 3, 7].map((turn) => [...parts.slice(turn), ...parts.slice(0, turn)].reverse());
    await Promise.all(
      orders.map(async (order) => {
        for (const part of order) await store.insert([...part].reverse());
      }),
    );
    await store.insert(parts[2] ?? []);
    expect(await allPages(store, "alice", 6)).toEqual(lastMessagesOf(MIXED, "alice"));
  });

  it("L13: a message that is not stored doesn't change its conversation", async () => {
    const store = await open();
    const first = messageAt(1, { to: "bob", ref: "r", content: "one" });
    await store.insert([first]);
    await store.insert([
      messageAt(2, { to: "bob", ref: "r", content: "one" }),
      messageAt(3, { to: "bob", ref: "r", content: "another" }),
      { ...first, content: "another", ref: "s" },
    ]);
    expect((await store.conversations("bob", { limit: 9 })).messages).toEqual([first]);
  });

  it("P57: a stored message is in the next read of conversations, also after `prepare` again", async () => {
    const place = newPlace();
    const store = await open(place);
    await store.insert([messageAt(0, { to: "carol" })]);
    for (let n = 1; n < 10; n += 1) {
      await store.insert([messageAt(n, { to: n % 2 ? "bob" : "carol" })]);
      const { messages } = await store.conversations("alice", { limit: 2 });
      expect(idsOf(messages)).toEqual([idAt(n), idAt(n - 1)]);
      await store.prepare();
    }
  });
}
