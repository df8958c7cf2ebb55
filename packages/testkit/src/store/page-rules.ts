import { setImmediate as turn } from "node:timers/promises";
import { inBackground } from "@parley/async";
import {
  conversationOf,
  idAtTime,
  idBeforeTime,
  type LogMessage,
  MAX_MS,
  PUBLIC_CONVERSATION,
  timestampOf,
} from "@parley/models";
import { firstFitting, isFull } from "@parley/store";
import { expect, it } from "vitest";
import { idAt, idsOf, messageAt, messagesAt } from "./messages.ts";
import { everything, type OpenStore } from "./opening.ts";

/** Store contract: pages and streams of a conversation. */
export function pageRules(open: OpenStore): void {
  it("P51: a page lies strictly between both ends, next to the requested one, oldest first", async () => {
    const store = await open();
    const stored = messagesAt(10, 30);
    await store.insert([...stored, ...messagesAt(30, 40, { to: "bob" })]);
    const ends = [undefined, 9, 10, 20, 29, 30].map((n) => (n === undefined ? n : idAt(n)));
    for (const after of ends) {
      for (const before of ends) {
        const within = stored.filter(({ id }) => id > (after ?? "") && id < (before ?? "~"));
        for (const limit of [1, 3, 1000]) {
          const asked = { after, before, limit };
          const oldest = await store.page(PUBLIC_CONVERSATION, { ...asked, newest: false });
          expect(oldest, JSON.stringify(asked)).toEqual(within.slice(0, limit));
          const newest = await store.page(PUBLIC_CONVERSATION, { ...asked, newest: true });
          expect(newest, JSON.stringify(asked)).toEqual(within.slice(-limit));
        }
      }
    }
  });

  it("P64: a part between two times has the messages with a timestamp between them, in pages and in all", async () => {
    const store = await open();
    const stored = messagesAt(10, 30);
    await store.insert(stored);
    const msOf = (message: LogMessage) => Date.parse(timestampOf(message.id));
    const [first = 0, last = 0] = [stored[0], stored.at(-1)].map((message) => message && msOf(message));
    // Bounds from the times before and after all messages to those of each, in both orders.
    const times = [
      undefined,
      0,
      ...Array.from({ length: last - first + 3 }, (_, i) => first - 1 + i),
      MAX_MS + 1,
    ];
    for (const since of times) {
      for (const until of times) {
        const range = {
          after: since === undefined ? undefined : idBeforeTime(since),
          before: until === undefined ? undefined : idAtTime(until),
        };
        const within = stored.filter(
          (message) => msOf(message) >= (since ?? 0) && msOf(message) < (until ?? MAX_MS),
        );
        const asked = JSON.stringify({ since, until });
        const page = { ...range, limit: 4 };
        expect(await store.page(PUBLIC_CONVERSATION, { ...page, newest: false }), asked).toEqual(
          within.slice(0, 4),
        );
        expect(await store.page(PUBLIC_CONVERSATION, { ...page, newest: true }), asked).toEqual(
          within.slice(-4),
        );
        expect(await everything(store, PUBLIC_CONVERSATION, range), asked).toEqual(within);
      }
    }
  });

  it("a page is empty for an unknown conversation, and for a limit of zero or below", async () => {
    const store = await open();
    await store.insert(messagesAt(0, 5));
    expect(await store.page("alice:bob", { limit: 10, newest: true })).toEqual([]);
    expect(await store.page(PUBLIC_CONVERSATION, { limit: 0, newest: false })).toEqual([]);
    expect(await store.page(PUBLIC_CONVERSATION, { limit: -1, newest: false })).toEqual([]);
    expect(await store.sync("alice", { limit: 0 })).toEqual([]);
    expect(await everything(store, "alice:bob")).toEqual([]);
  });

  it("a read that its caller abandons rejects with the signal's reason", async () => {
    const store = await open();
    await store.insert(messagesAt(0, 5));
    const reason = new Error("nobody waits any more");
    const signal = AbortSignal.abort(reason);
    await expect(store.page(PUBLIC_CONVERSATION, { limit: 1, newest: true, signal })).rejects.toBe(reason);
    await expect(store.sync("alice", { limit: 1, signal })).rejects.toBe(reason);
    await expect(store.conversations("alice", { limit: 1, signal })).rejects.toBe(reason);
    await expect(store.findByRef([messageAt(1, { ref: "r" })], { signal })).rejects.toBe(reason);
    expect(await store.page(PUBLIC_CONVERSATION, { limit: 1, newest: true })).toHaveLength(1);
  });

  it("P50: a conversation has the messages between its two users, in both directions, and no others", async () => {
    const store = await open();
    const between = [
      messageAt(1, { from: "alice", to: "bob" }),
      messageAt(2, { from: "bob", to: "alice" }),
      messageAt(3, { from: "alice", to: "bob" }),
    ];
    await store.insert([
      ...between,
      messageAt(4, { from: "alice", to: "bobby" }),
      messageAt(5, { from: "alice", to: "Bob" }),
      messageAt(6, { from: "alice", to: "alice" }),
      messageAt(7, { from: "bob", to: "" }),
    ]);
    expect(await everything(store, "alice:bob")).toEqual(between);
    expect(idsOf(await everything(store, "alice:alice"))).toEqual([idAt(6)]);
  });

  it("P4: names of any script are different users, also if they look equal or sort as equal", async () => {
    const store = await open();
    // These names look alike, or some collation treats them as equal: case, vowel signs, digits of two scripts, Latin
    // and Cyrillic, width.
    const names = [
      "bob",
      "Bob",
      "bób",
      "bоb",
      "ｂｏｂ",
      "1",
      "١",
      "ＡＢ",
      "شدة",
      "شدّة",
      "कि",
      "की",
      "हिन्दी",
      "हिंदी",
      "ひ",
      "ヒ",
    ];
    const stored = names.map((name, n) => messageAt(n, { from: "alice", to: name, ref: "r1" }));
    expect(await store.insert(stored)).toEqual(stored.map(() => ({ kind: "stored" })));
    for (const message of stored) {
      expect(await everything(store, conversationOf("alice", message.to)), message.to).toEqual([message]);
      expect(await store.sync(message.to, { limit: 100 }), message.to).toEqual([message]);
    }
    const { messages } = await store.conversations("alice", { limit: 100 });
    expect(messages).toEqual([...stored].reverse());
  });

  it("P50: all streams a conversation of any length completely and in order, without blocking the event loop", async () => {
    const store = await open();
    const stored = messagesAt(0, 6_500);
    // The messages aren't inserted in the order of their ids, as happens with several persisters.
    for (const start of [5_000, 0, 2_500]) {
      for (let n = start; n < start + 2_500; n += 500) await store.insert(stored.slice(n, n + 500).reverse());
    }
    let turns = 0;
    let reading = true;
    const others = inBackground(
      (async () => {
        for (; reading; turns++) await turn();
      })(),
    );
    const read = await everything(store, PUBLIC_CONVERSATION);
    reading = false;
    await others;
    expect(read).toEqual(stored);
    expect(turns).toBeGreaterThan(10);
  });

  it("G5: a page, a sync and the feed end at the message that reaches maxBytes, and the next ones return the rest", async () => {
    const store = await open();
    // Long and short messages alternate, in runs of different lengths. Some messages match two of the three rules of
    // a sync.
    const stored = Array.from({ length: 150 }, (_, n) =>
      messageAt(n, { content: "x".repeat(n % 40 < 20 ? 10 : 4_000), to: n % 3 === 0 ? "alice" : "" }),
    );
    await store.insert(stored);
    const inRoom = stored.filter(({ to }) => to === "");
    for (const maxBytes of [1, 20_000, 100_000]) {
      const size = { limit: 100, maxBytes };
      const read = (after: string | undefined) => ({
        page: () => store.page(PUBLIC_CONVERSATION, { after, ...size, newest: false }),
        sync: () => store.sync("alice", { after, ...size }),
        feed: () => store.feed({ after, ...size }),
      });
      for (const [name, all] of [
        ["page", inRoom],
        ["sync", stored],
        ["feed", stored],
      ] as const) {
        const seen: LogMessage[] = [];
        for (let isLast = false; !isLast; ) {
          const part = await read(seen.at(-1)?.id)[name]();
          expect(part, `${name}, ${maxBytes}`).toEqual(firstFitting(all.slice(seen.length), size));
          seen.push(...part);
          isLast = !isFull(part, size);
        }
        expect(seen, `${name}, ${maxBytes}`).toEqual(all);
      }
      const newest = await store.page(PUBLIC_CONVERSATION, { ...size, newest: true });
      expect(newest).toEqual(firstFitting(inRoom.toReversed(), size).reverse());
    }
  });

  it("all includes messages that are inserted while it reads", async () => {
    const store = await open();
    await store.insert(messagesAt(0, 1_200));
    const read: string[] = [];
    for await (const { id } of store.all(PUBLIC_CONVERSATION, {})) {
      if (read.length === 600) await store.insert(messagesAt(1_200, 1_300));
      read.push(id);
    }
    expect(read).toEqual(idsOf(messagesAt(0, 1_300)));
    const ranged = await everything(store, PUBLIC_CONVERSATION, { after: idAt(99), before: idAt(1_250) });
    expect(ranged).toEqual(messagesAt(100, 1_250));
  });

  it("all can be ended early or by its signal, and the store stays usable", async () => {
    const store = await open();
    await store.insert(messagesAt(0, 1_200));
    for await (const { id } of store.all(PUBLIC_CONVERSATION, {})) if (id === idAt(3)) break;
    const controller = new AbortController();
    const read: string[] = [];
    const reading = inBackground(
      (async () => {
        for await (const { id } of store.all(PUBLIC_CONVERSATION, {}, controller.signal)) {
          read.push(id);
          if (read.length === 700) controller.abort(new Error("gone"));
        }
      })(),
    );
    await expect(reading).rejects.toThrow("gone");
    expect(read).toHaveLength(700);
    expect(await everything(store, PUBLIC_CONVERSATION)).toHaveLength(1_200);
  });
}
