import { expect, it } from "vitest";
import { idAt, messageAt } from "./messages.ts";
import { newPlace, type OpenStore } from "./opening.ts";

/** Store contract: read marks. */
export function markRules(open: OpenStore): void {
  const chat = [messageAt(1, { from: "alice", to: "bob" }), messageAt(2, { from: "carol", to: "alice" })];

  it("L27: the greatest mark is kept, whatever the order, and each name has its own", async () => {
    const store = await open();
    await store.insert(chat);
    const marks = [5, 9, 7].map((n) => ({ user: "alice", with: "bob", id: idAt(n) }));
    for (const mark of marks) expect(await store.marks.keep([mark])).toEqual(["kept"]);
    const others = [
      { user: "bob", with: "alice", id: idAt(3) },
      { user: "alice", with: "", id: idAt(4) },
      { user: "alice", with: "", id: idAt(2) },
    ];
    expect(await store.marks.keep(others)).toEqual(["kept", "kept", "kept"]);
    const names = [...marks.slice(0, 1), ...others.slice(0, 2), { user: "bob", with: "" }];
    expect(await store.marks.find(names)).toEqual([idAt(9), idAt(3), idAt(4), undefined]);
    expect(await store.marks.find([])).toEqual([]);
    expect(await store.marks.keep([])).toEqual([]);
  });

  it("L27: a mark of two users without a conversation isn't kept, one of the public room always", async () => {
    const store = await open();
    await store.insert(chat);
    const marks = ["carol", "nobody", "bob", "alice", ""].map((other) => ({
      user: "alice",
      with: other,
      id: idAt(2),
    }));
    expect(await store.marks.keep(marks)).toEqual([
      "kept",
      "noConversation",
      "kept",
      "noConversation",
      "kept",
    ]);
    expect(await store.marks.find(marks)).toEqual([idAt(2), undefined, idAt(2), undefined, idAt(2)]);
  });

  it("L1: the ids of marks count for the greatest id", async () => {
    const store = await open();
    await store.insert(chat);
    await store.marks.keep([{ user: "alice", with: "", id: idAt(1) }]);
    expect(await store.lastId()).toBe(idAt(2));
    await store.marks.keep([{ user: "bob", with: "", id: idAt(8) }]);
    expect(await store.lastId()).toBe(idAt(8));
  });

  it("G1: marks are there when the store is opened again", async () => {
    const place = newPlace();
    const store = await open(place);
    await store.marks.keep([{ user: "alice", with: "", id: idAt(3) }]);
    await store.close();
    expect(await (await open(place)).marks.find([{ user: "alice", with: "" }])).toEqual([idAt(3)]);
  });

  it("L27: many calls at once keep the greatest of all", async () => {
    const store = await open();
    const users = Array.from({ length: 300 }, (_, n) => `user-${n}`);
    const call = (n: number) => store.marks.keep(users.map((user) => ({ user, with: "", id: idAt(n) })));
    await Promise.all([3, 1, 4, 2].map(call));
    const found = await store.marks.find(users.map((user) => ({ user, with: "" })));
    expect(new Set(found)).toEqual(new Set([idAt(4)]));
  });

  it("a read that was abandoned before it began rejects with the signal's reason", async () => {
    const store = await open();
    const reason = new Error("gone");
    const signal = AbortSignal.abort(reason);
    await expect(store.marks.find([{ user: "alice", with: "" }], { signal })).rejects.toBe(reason);
  });
}
