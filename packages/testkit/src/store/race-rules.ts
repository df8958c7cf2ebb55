import { PUBLIC_CONVERSATION } from "@parley/models";
import { expect, it } from "vitest";
import { idAt, messageAt, messagesAt } from "./messages.ts";
import { everything, newPlace, type OpenStore } from "./opening.ts";

/** Store contract: concurrent calls. */
export function raceRules(open: OpenStore): void {
  it("L13: the same batch inserted by many concurrent callers is stored once, and every caller gets `stored`", async () => {
    const store = await open();
    const batch = messagesAt(0, 200).map((message, n) => (n % 2 ? message : { ...message, ref: `r${n}` }));
    const orders = Array.from({ length: 8 }, (_, turn) => [
      ...batch.slice(turn * 25),
      ...batch.slice(0, turn * 25),
    ]);
    const all = await Promise.all(orders.map((order) => store.insert(order)));
    expect(all.flat().every(({ kind }) => kind === "stored")).toBe(true);
    expect(all.flat()).toHaveLength(8 * 200);
    expect(await everything(store, PUBLIC_CONVERSATION)).toEqual(batch);
  });

  it("G2: of concurrent messages with the same ref one is stored, and all other outcomes name its id", async () => {
    const store = await open();
    const senders = Array.from({ length: 6 }, (_, turn) =>
      Array.from({ length: 50 }, (_, n) => ({ ...messageAt(turn * 50 + n), ref: `r${n}`, content: `${n}` })),
    );
    const outcomes = await Promise.all(senders.map((batch) => store.insert(batch)));
    const stored = await everything(store, PUBLIC_CONVERSATION);
    expect(stored.map(({ ref }) => ref).sort()).toEqual(Array.from({ length: 50 }, (_, n) => `r${n}`).sort());
    const idByRef = new Map(stored.map(({ ref, id }) => [ref, id]));
    outcomes.forEach((batch, turn) => {
      batch.forEach((outcome, n) => {
        const winner = idByRef.get(`r${n}`);
        const own = winner === idAt(turn * 50 + n);
        expect(outcome).toEqual(own ? { kind: "stored" } : { kind: "duplicateOf", id: winner });
      });
    });
  });

  it("a stored message is in the next read", async () => {
    const store = await open();
    for (let n = 1; n < 30; n++) {
      await store.insert([messageAt(n, { to: "bob" })]);
      const [page, sync, last] = await Promise.all([
        store.page("alice:bob", { limit: 1, newest: true }),
        store.sync("bob", { after: idAt(n - 1), limit: 1 }),
        store.lastId(),
      ]);
      expect(page).toEqual([messageAt(n, { to: "bob" })]);
      expect(sync).toEqual(page);
      expect(last).toBe(idAt(n));
    }
  });

  it("prepare may be called again and concurrently, before and after the first messages", async () => {
    const store = await open(newPlace());
    await Promise.all([store.prepare(), store.prepare(), store.prepare()]);
    await store.insert(messagesAt(0, 10));
    await Promise.all([store.prepare(), store.prepare(), store.prepare()]);
    expect(await everything(store, PUBLIC_CONVERSATION)).toEqual(messagesAt(0, 10));
  });

  it("upgrade completes a store that needs nothing, again and concurrently, and changes no message", async () => {
    const store = await open(newPlace());
    const batch = messagesAt(0, 10).map((message, n) => (n % 2 ? message : { ...message, ref: `r${n}` }));
    await store.insert(batch);
    const { signal } = new AbortController();
    for (const format of [undefined, 2] as const) {
      await store.prepare({ format });
      await Promise.all([store.upgrade(signal), store.upgrade(signal), store.insert(batch)]);
      expect(await store.insert(batch)).toEqual(batch.map(() => ({ kind: "stored" })));
    }
    expect(await everything(store, PUBLIC_CONVERSATION)).toEqual(batch);
  });
}
