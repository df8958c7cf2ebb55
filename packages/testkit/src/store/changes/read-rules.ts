import { changeDigest, encodeChange, isVisibleTo, type LogChange } from "@parley/models";
import type { ChangedMessage, ChangesOf, Store } from "@parley/store";
import { firstFitting } from "@parley/store";
import { expect, it } from "vitest";
import { idAt, messageAt } from "../messages.ts";
import type { OpenStore } from "../opening.ts";
import { deletionOf, editOf } from "./changes.ts";

const USERS = ["alice", "bob", "carol"] as const;
/** Messages from each user to every recipient, including the public room and the sender. */
const MESSAGES = Array.from({ length: 24 }, (_, n) =>
  messageAt(n, { from: USERS[n % 3] ?? "", to: [...USERS, ""][Math.floor(n / 3) % 4] ?? "" }),
);
const watermark = idAt(30);
/** Several changes of each message, among changes of messages that don't exist or are others. */
const CHANGES: readonly LogChange[] = Array.from({ length: 180 }, (_, n) => {
  const message = MESSAGES[(n * 7) % 24] ?? messageAt(0);
  if (n % 5 === 0) return editOf({ ...message, id: idAt(24 + (n % 6)) }, 40 + n);
  if (n % 11 === 0) return editOf({ ...message, content: "other" }, 40 + n);
  return n > 150 ? deletionOf(message, 40 + n) : editOf(message, 40 + n);
});
const isShown = (_: LogChange, n: number) => n % 5 !== 0 && n % 11 !== 0;
const SHOWN = CHANGES.filter(isShown);

/** Store contract: reads of changes (P75). */
export function readRules(open: OpenStore): void {
  async function openChanged(): Promise<Store> {
    const store = await open();
    await store.insert(MESSAGES);
    for (let n = 0; n < CHANGES.length; n += 60)
      await store.change(CHANGES.slice(n, n + 60).reverse(), { watermark });
    return store;
  }

  /** Reads everything in pages. */
  async function inPages(store: Store, of: ChangesOf, limit: number): Promise<ChangedMessage[]> {
    const seen: ChangedMessage[] = [];
    for (let after: string | undefined; ; after = seen.at(-1)?.change.change) {
      const part = await store.changes(of, { after, limit });
      seen.push(...part);
      if (part.length < limit) return seen;
    }
  }

  it("P75: changes come in the order of their ids, each with its message as it is now", async () => {
    const store = await openChanged();
    const today = new Map(
      await Promise.all(MESSAGES.map(async ({ id }) => [id, await store.findById(id)] as const)),
    );
    for (const user of [...USERS, "dave"]) {
      const seen = await store.changes({ user }, { limit: 1_000 });
      const visible = SHOWN.filter((change) => isVisibleTo(user, change));
      expect(seen.map(({ change }) => change.change)).toEqual(visible.map(({ change }) => change));
      for (const { change, message } of seen) expect(message).toEqual(today.get(change.id));
      for (const limit of [1, 7, 100]) expect(await inPages(store, { user }, limit)).toEqual(seen);
    }
    const seenByAll = await inPages(store, "everyone", 7);
    expect(seenByAll.map(({ change }) => change.change)).toEqual(SHOWN.map(({ change }) => change));
    for (const { change, message } of seenByAll) expect(message).toEqual(today.get(change.id));
    const between = SHOWN.filter(({ from, to }) => [from, to].sort().join() === "alice,bob");
    const seen = await inPages(store, { conversation: "alice:bob" }, 3);
    expect(seen.map(({ change }) => change.change)).toEqual(between.map(({ change }) => change));
  });

  it("P75: both ends are exclusive, and orphans take no place in a page", async () => {
    const store = await openChanged();
    const visible = SHOWN.filter((change) => isVisibleTo("bob", change));
    for (const after of [undefined, idAt(0), idAt(40), idAt(41), idAt(120)])
      for (const before of [undefined, idAt(41), idAt(160), idAt(500)])
        for (const limit of [1, 7, 1_000]) {
          const asked = { after, before, limit };
          const seen = await store.changes({ user: "bob" }, asked);
          const within = visible.filter(({ change }) => change > (after ?? "") && change < (before ?? "~"));
          const ids = within.slice(0, limit).map(({ change }) => change);
          expect(
            seen.map(({ change }) => change.change),
            JSON.stringify(asked),
          ).toEqual(ids);
        }
    expect(await store.changes({ user: "bob" }, { limit: 0 })).toEqual([]);
    const reason = new Error("nobody waits any more");
    const abandoned = { limit: 1, signal: AbortSignal.abort(reason) };
    await expect(store.changes({ user: "bob" }, abandoned)).rejects.toBe(reason);
  });

  it("G5: a page ends at the change whose message reaches maxBytes", async () => {
    const store = await open();
    const messages = MESSAGES.map((message) => ({ ...message, to: "" }));
    await store.insert(messages);
    const edits = messages.map((message, n) =>
      editOf(message, 40 + n, { content: "x".repeat(n % 2 ? 10 : 4_000) }),
    );
    await store.change(edits, { watermark });
    const all = await store.changes({ user: "bob" }, { limit: 100 });
    for (const maxBytes of [1, 20_000, 60_000]) {
      const size = { limit: 100, maxBytes };
      const fitting = firstFitting(
        all.map(({ message }) => message),
        size,
      );
      expect(await store.changes({ user: "bob" }, size)).toEqual(all.slice(0, fitting.length));
    }
  });

  it("P75: a change isn't shown before its message is stored, and one of an alias shows the first message", async () => {
    const store = await open();
    const message = messageAt(1, { to: "bob", ref: "r" });
    const alias = { ...message, id: idAt(2) };
    await store.change([editOf(message, 40), editOf(alias, 41)], { watermark: idAt(0) });
    expect(await store.changes({ user: "bob" }, { limit: 9 })).toEqual([]);
    await store.insert([message, alias], { keepAliases: true });
    const shown = await store.findById(message.id);
    const seen = await store.changes({ user: "bob" }, { limit: 9 });
    expect(seen.map(({ change }) => change.id)).toEqual([message.id, alias.id]);
    for (const each of seen) expect(each.message).toEqual(shown);
  });

  it("P73: a change is found by its conversation, the user who made it, and its ref", async () => {
    const store = await open();
    const message = messageAt(1, { to: "bob" });
    await store.insert([message]);
    const edit = editOf(message, 40, { ref: "r" });
    const deletion = deletionOf(message, 41, { by: "mod", ref: "r" });
    await store.change([edit, deletion, editOf(message, 42, { ref: "r" })], { watermark });
    const { from, to } = message;
    const ownDigest = changeDigest("edit", encodeChange(edit));
    const { content: _, ...kept } = { ...edit, content: "" };
    expect(await store.findChange({ from, to, ref: "r" })).toEqual({ ...kept, ownDigest });
    expect(await store.findChange({ from, to, by: "mod", ref: "r" })).toMatchObject({
      ...deletion,
      ownDigest: changeDigest("delete", encodeChange(deletion)),
    });
    for (const ref of [
      { from, to, ref: "s" },
      { from: "bob", to: "alice", ref: "r" },
      { from, to: "", ref: "r" },
      { from, to, by: "bob", ref: "r" },
    ])
      expect(await store.findChange(ref)).toBeUndefined();
  });
}
