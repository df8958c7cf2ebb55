import { describe, expect, it } from "vitest";
import { openSaved, type Shelf } from "./saved-state.ts";
import type { Pending } from "./state.ts";

function shelfOf(items = new Map<string, string>()): Shelf & { items: Map<string, string> } {
  return {
    items,
    get length() {
      return items.size;
    },
    key: (index) => [...items.keys()][index] ?? null,
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, value),
    removeItem: (key) => void items.delete(key),
  };
}
const one: Pending = { ref: "r1", to: "bob", content: "Hello", at: 2, phase: "sending", leftAt: 3 };

describe("what survives a reload", () => {
  it("is each user's own, and gone when they sign out", () => {
    const shelf = shelfOf();
    const [alice, al] = [openSaved(shelf, "alice"), openSaved(shelf, "al")];
    alice.setDraft("bob", "Hel");
    alice.setProgress({ cursor: "c", lastId: "l", conversations: [] });
    al.setDraft("", "to all");
    expect(openSaved(shelf, "alice").draft("bob")).toBe("Hel");
    expect(openSaved(shelf, "alice").progress()).toEqual({ cursor: "c", lastId: "l", conversations: [] });
    expect(al.draft("bob")).toBe("");
    alice.forget();
    expect([...shelf.items.keys()]).toEqual(["parley:al:draft:"]);
  });

  it("a user whose name begins like a key is nobody else", () => {
    const shelf = shelfOf();
    openSaved(shelf, "a:draft").setDraft("b", "x");
    expect(openSaved(shelf, "a").draft("b")).toBe("");
  });

  it("G2: unsent messages come back oldest first, with their ref and the time they left", () => {
    const shelf = shelfOf();
    const saved = openSaved(shelf, "alice");
    saved.keep(one);
    saved.keep({ ref: "r0", to: "", content: "First", at: 1, phase: "waiting" });
    expect(openSaved(shelf, "alice").outbox()).toEqual([
      { ref: "r0", to: "", content: "First", at: 1, phase: "waiting" },
      one,
    ]);
    saved.drop("r0");
    expect(saved.outbox()).toEqual([one]);
  });

  it("an empty draft and rubbish leave nothing behind", () => {
    const shelf = shelfOf(new Map([["parley:alice:progress", "{"]]));
    const saved = openSaved(shelf, "alice");
    expect(saved.progress()).toEqual({ cursor: undefined, lastId: "", conversations: [] });
    saved.setDraft("bob", "x");
    saved.setDraft("bob", "");
    expect([...shelf.items.keys()]).toEqual(["parley:alice:progress"]);
  });

  it("a browser that keeps nothing stops nothing", () => {
    const refuse = () => {
      throw new Error("QuotaExceededError");
    };
    const shelf = { length: 1, key: refuse, getItem: refuse, setItem: refuse, removeItem: refuse };
    const saved = openSaved(shelf, "alice");
    saved.keep(one);
    saved.forget();
    expect([saved.draft("bob"), saved.outbox()]).toEqual(["", []]);
  });
});
