import { isVisibleTo, type LogMessage } from "@parley/models";
import { expect, it } from "vitest";
import { idAt, inIdOrder, messageAt } from "./messages.ts";
import type { OpenStore } from "./opening.ts";

const USERS = ["alice", "bob", "carol"] as const;

/** Many messages from each user to every recipient, including the public room and the sender. */
const MIXED: readonly LogMessage[] = Array.from({ length: 240 }, (_, n) => {
  const from = USERS[n % 3] ?? "alice";
  const to = [...USERS, ""][Math.floor(n / 3) % 4] ?? "";
  return messageAt(n, n % 5 ? { from, to } : { from, to, ref: `r${n}` });
});

/** Store contract: `sync`, `feed` and `findByRef`. */
export function syncRules(open: OpenStore): void {
  it("P53: sync returns the messages that the user may see, each once, in id order, and no others", async () => {
    const store = await open();
    await store.insert([...MIXED].reverse());
    for (const user of [...USERS, "dave", "Alice", "ali"]) {
      const visible = MIXED.filter((message) => isVisibleTo(user, message));
      expect(await store.sync(user, { limit: 1000 }), user).toEqual(visible);
    }
  });

  it("P53: both ends are exclusive, and the limit counts from the lower end", async () => {
    const store = await open();
    await store.insert(MIXED);
    const visible = MIXED.filter((message) => isVisibleTo("bob", message));
    for (const after of [undefined, idAt(0), idAt(1), idAt(100), idAt(239)]) {
      for (const before of [undefined, idAt(1), idAt(101), idAt(103), idAt(500)]) {
        const within = visible.filter(({ id }) => id > (after ?? "") && id < (before ?? "~"));
        for (const limit of [1, 7, 1000]) {
          const asked = { after, before, limit };
          expect(await store.sync("bob", asked), JSON.stringify(asked)).toEqual(within.slice(0, limit));
        }
      }
    }
  });

  it("G3: continuing from the last id of each answer returns every message once", async () => {
    const store = await open();
    await store.insert(MIXED);
    for (const limit of [4, 61]) {
      const seen: LogMessage[] = [];
      let after: string | undefined;
      while (true) {
        const part = await store.sync("carol", { after, limit });
        seen.push(...part);
        after = part.at(-1)?.id;
        if (part.length < limit) break;
      }
      expect(seen).toEqual(MIXED.filter((message) => isVisibleTo("carol", message)));
    }
  });

  it("P63: feed returns the messages of all conversations, each once, in id order", async () => {
    const store = await open();
    await store.insert([...MIXED].reverse());
    expect(await store.feed({ limit: 1000 })).toEqual(MIXED);
    for (const after of [undefined, idAt(0), idAt(100), idAt(239)]) {
      for (const before of [undefined, idAt(1), idAt(103), idAt(500)]) {
        const within = MIXED.filter(({ id }) => id > (after ?? "") && id < (before ?? "~"));
        for (const limit of [0, 1, 7, 1000]) {
          const asked = { after, before, limit };
          expect(await store.feed(asked), JSON.stringify(asked)).toEqual(within.slice(0, limit));
        }
      }
    }
    const reason = new Error("nobody waits any more");
    await expect(store.feed({ limit: 1, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it("L19: findByRef returns the messages stored under the given messages' refs, each once", async () => {
    const store = await open();
    const one = messageAt(1, { ref: "r1" });
    const two = messageAt(2, { ref: "r1", to: "bob" });
    const three = messageAt(3, { ref: "r1", from: "bob", to: "alice" });
    await store.insert([one, two, three, messageAt(4)]);
    const found = await store.findByRef([
      { ...one, id: idAt(10), content: "another" },
      one,
      { ...three, id: idAt(11) },
      messageAt(4),
      messageAt(12, { ref: "r2" }),
      messageAt(13, { ref: "r1", from: "carol" }),
      messageAt(14, { ref: "R1" }),
    ]);
    expect([...found].sort(inIdOrder)).toEqual([one, three]);
    expect(await store.findByRef([])).toEqual([]);
    expect(await store.findByRef([messageAt(4)])).toEqual([]);
  });

  it("findByRef accepts any number of messages", async () => {
    const store = await open();
    const stored = Array.from({ length: 700 }, (_, n) => messageAt(n, { ref: `r${n}` }));
    await store.insert(stored);
    const found = [...(await store.findByRef(stored))];
    expect(found.sort(inIdOrder)).toEqual(stored);
  });
}
