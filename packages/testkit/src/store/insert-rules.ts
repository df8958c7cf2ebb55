import { ORIGIN, PUBLIC_CONVERSATION } from "@parley/models";
import { describe, expect, it } from "vitest";
import { bob, COLLISIONS, FREE_REFS, STORED } from "./collisions.ts";
import { idAt, inIdOrder, messageAt, messagesAt } from "./messages.ts";
import { everything, newPlace, type OpenStore } from "./opening.ts";

/** Store contract: outcomes of inserts. */
export function insertRules(open: OpenStore): void {
  describe("existing messages decide", () => {
    it.each(COLLISIONS)("L13: $rule", async ({ existing, message, outcome }) => {
      const store = await open();
      expect(await store.insert(existing)).toEqual(existing.map(() => STORED));
      expect(await store.insert([message])).toEqual([outcome]);
      expect(await store.insert([message])).toEqual([outcome]);
      expect(await store.insert([message], { mayBeStored: true })).toEqual([outcome]);
      const before = [...existing].sort(inIdOrder);
      const there = [
        ...(await everything(store, "alice:bob")),
        ...(await everything(store, PUBLIC_CONVERSATION)),
      ];
      expect(there.sort(inIdOrder)).toEqual(before);
    });

    it.each(FREE_REFS)(
      "G2: a ref counts per sender and conversation, so there is no collision with $rule",
      async ({ message }) => {
        const store = await open();
        expect(await store.insert([bob, message])).toEqual([STORED, STORED]);
      },
    );
  });

  it("L13: a batch has one outcome per message, in order, also for messages that collide within the batch", async () => {
    const store = await open();
    await store.insert([messageAt(1, { ref: "old" })]);
    const first = messageAt(10, { ref: "new" });
    const outcomes = await store.insert([
      first,
      messageAt(1, { ref: "old" }),
      { ...first, id: idAt(11) },
      first,
      { ...first, id: idAt(12), content: "other" },
      { ...first, ref: "newer", content: "other" },
      messageAt(2, { ref: "old", content: "message 1" }),
      messageAt(13),
    ]);
    expect(outcomes).toEqual([
      STORED,
      STORED,
      { kind: "duplicateOf", id: idAt(10) },
      STORED,
      { kind: "refReused", id: idAt(10) },
      { kind: "idConflict" },
      { kind: "duplicateOf", id: idAt(1) },
      STORED,
    ]);
    expect(await everything(store, PUBLIC_CONVERSATION)).toEqual([
      messageAt(1, { ref: "old" }),
      first,
      messageAt(13),
    ]);
  });

  it("L13: an invalid message fails without affecting others, and the reason contains none of its text", async () => {
    const store = await open();
    const outcomes = await store.insert([
      messageAt(1),
      messageAt(2, { id: "secret" }),
      messageAt(3, { content: "secret \ud800" }),
      messageAt(4, { ref: "secret \udc00" }),
      messageAt(5, { content: "secret".repeat(1_000_000) }),
      messageAt(6),
    ]);
    expect(outcomes.map(({ kind }) => kind)).toEqual(["stored", ...Array(4).fill("failed"), "stored"]);
    expect(JSON.stringify(outcomes)).not.toContain("secret");
    expect(await everything(store, PUBLIC_CONVERSATION)).toEqual([messageAt(1), messageAt(6)]);
  });

  it("an empty batch has no outcome", async () => {
    expect(await (await open()).insert([])).toEqual([]);
  });

  it("a batch may be large and may be stored already", async () => {
    const store = await open();
    const batch = messagesAt(0, 600, { to: "bob" }).map((message, n) => ({ ...message, ref: `r${n}` }));
    const again = batch.map((message) => ({ ...message, id: message.id.replace("1700", "1800") }));
    expect(await store.insert(batch)).toEqual(batch.map(() => STORED));
    expect(await store.insert(batch)).toEqual(batch.map(() => STORED));
    expect(await store.insert(again)).toEqual(batch.map(({ id }) => ({ kind: "duplicateOf", id })));
    expect(await everything(store, "alice:bob")).toEqual(batch);
  });

  it("L1: lastId is the greatest stored id, in any order of inserts, also after the store is opened again", async () => {
    const place = newPlace();
    const store = await open(place);
    expect(await store.lastId()).toBe(ORIGIN);
    await store.insert([messageAt(7), messageAt(9, { to: "bob" }), messageAt(8)]);
    await store.insert([messageAt(3)]);
    expect(await store.lastId()).toBe(idAt(9));
    await store.close();
    const next = await open(place);
    expect(await next.lastId()).toBe(idAt(9));
    expect(await everything(next, PUBLIC_CONVERSATION)).toEqual([3, 7, 8].map((n) => messageAt(n)));
  });

  it("a closed store rejects with unavailable, and may be closed again", async () => {
    const store = await open();
    await store.close();
    await store.close();
    const unavailable = { name: "ChatError", code: "unavailable" };
    await expect(store.insert([messageAt(1)])).rejects.toMatchObject(unavailable);
    await expect(store.page("public", { limit: 1, newest: true })).rejects.toMatchObject(unavailable);
    await expect(store.sync("alice", { limit: 1 })).rejects.toMatchObject(unavailable);
    await expect(store.lastId()).rejects.toMatchObject(unavailable);
    await expect(store.ping()).rejects.toMatchObject(unavailable);
    await expect(everything(store, "public")).rejects.toMatchObject(unavailable);
  });
}
