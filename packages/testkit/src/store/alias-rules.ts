import type { StoredMessage } from "@parley/models";
import { describe, expect, it } from "vitest";
import { STORED } from "./collisions.ts";
import { idAt, messageAt } from "./messages.ts";
import { everything, newPlace, type OpenStore } from "./opening.ts";

const first = messageAt(1, { to: "bob", ref: "r1" });
const later = { ...first, id: idAt(9) };
const DUPLICATE = { kind: "duplicateOf", id: first.id };
const acknowledged = { keepAliases: true };

/** Store contract: ids of acknowledged duplicates, and `findById`. */
export function aliasRules(open: OpenStore): void {
  it("P59: findById returns the message with the id, or undefined", async () => {
    const store = await open();
    await store.insert([first, messageAt(2)]);
    expect(await store.findById(first.id)).toEqual(first);
    expect(await store.findById(messageAt(2).id)).toEqual(messageAt(2));
    expect(await store.findById(idAt(3))).toBeUndefined();
    const reason = new Error("nobody waits any more");
    const signal = AbortSignal.abort(reason);
    await expect(store.findById(first.id, { signal })).rejects.toBe(reason);
  });

  it("L30: findByIds finds several messages, each under its id or its aliases", async () => {
    const store = await open();
    const other = messageAt(2);
    await store.insert([first, other, later], acknowledged);
    const shown = await store.findById(first.id);
    const found = await store.findByIds([later.id, other.id, idAt(3), first.id]);
    const expected = new Map([
      [first.id, shown],
      [later.id, shown],
      [other.id, other],
    ]);
    expect(found).toEqual(expected);
    expect(await store.findByIds([])).toEqual(new Map());
  });

  describe.each([{ mayBeStored: false }, { mayBeStored: true }])("%j", ({ mayBeStored }) => {
    it("L37: the id of an acknowledged duplicate stands for the first message, in every read", async () => {
      const place = newPlace();
      const store = await open(place);
      await store.insert([first]);
      const bare = messageAt(8, { to: "bob" });
      expect(await store.insert([later, bare], { ...acknowledged, mayBeStored })).toEqual([
        DUPLICATE,
        STORED,
      ]);
      const shown = { ...first, also: later.id };
      await store.close();
      const next = await open(place);
      expect(await next.findById(later.id)).toEqual(shown);
      expect(await next.findById(first.id)).toEqual(shown);
      expect(await everything(next, "alice:bob")).toEqual([shown, bare]);
      expect(await next.sync("bob", { limit: 9 })).toEqual([shown, bare]);
      expect(await next.findByRef([later])).toEqual([shown]);
      expect(await next.page("alice:bob", { after: later.id, limit: 9, newest: false })).toEqual([]);
      expect(await next.page("alice:bob", { before: later.id, limit: 9, newest: true })).toEqual([
        shown,
        bare,
      ]);
    });

    it("L37: may be repeated, in any order: the greatest alias is shown, and each one is found", async () => {
      const store = await open();
      await store.insert([first]);
      const latest = { ...first, id: idAt(20) };
      for (const batch of [[latest], [later], [later, latest], [first, later]])
        await store.insert(batch, { ...acknowledged, mayBeStored });
      for (const { id } of [first, later, latest])
        expect(await store.findById(id)).toEqual({ ...first, also: latest.id });
      expect(await store.insert([first], { mayBeStored })).toEqual([STORED]);
    });
  });

  it("L37: the first message and its duplicate may come in one batch, and the first one may have the greater id", async () => {
    const store = await open();
    expect(await store.insert([first, later], acknowledged)).toEqual([STORED, DUPLICATE]);
    expect(await store.findById(later.id)).toEqual({ ...first, also: later.id });
    const other = messageAt(30, { ref: "s" });
    const before = { ...other, id: idAt(29) };
    await store.insert([other], acknowledged);
    await store.insert([before], acknowledged);
    expect(await store.findById(before.id)).toEqual({ ...other, also: before.id });
  });

  it("L37: concurrent callers with the message and its duplicates leave one message, and every id finds it", async () => {
    const store = await open();
    const ids = Array.from({ length: 8 }, (_, n) => idAt(n));
    await Promise.all(ids.map((id) => store.insert([{ ...first, id }], acknowledged)));
    const [stored, ...others]: StoredMessage[] = await everything(store, "alice:bob");
    expect(others).toEqual([]);
    expect(stored?.also).toBe(ids.findLast((id) => id !== stored?.id));
    for (const id of ids) expect(await store.findById(id)).toEqual(stored);
  });

  it("L1: the ids of aliases count for lastId", async () => {
    const store = await open();
    await store.insert([first, later], acknowledged);
    expect(await store.lastId()).toBe(later.id);
  });

  it("L13: only duplicates of acknowledged messages leave aliases", async () => {
    const store = await open();
    await store.insert([first]);
    await store.insert([later]);
    await store.insert([{ ...first, id: idAt(10), content: "another" }], acknowledged);
    await store.insert([{ ...messageAt(1), content: "another" }], acknowledged);
    // The id of another stored message stays with that message.
    const other = messageAt(11);
    await store.insert([other]);
    expect(await store.insert([{ ...first, id: other.id }], acknowledged)).toEqual([DUPLICATE]);
    expect(await store.findById(other.id)).toEqual(other);
    for (const id of [later.id, idAt(10)]) expect(await store.findById(id)).toBeUndefined();
    expect(await store.findById(first.id)).toEqual(first);
    expect(await store.lastId()).toBe(other.id);
  });
}
