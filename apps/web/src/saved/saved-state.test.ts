import { describe, expect, it } from "vitest";
import type { Pending } from "../chat/state.ts";
import { type BrowserStorage, openSavedState } from "./saved-state.ts";

function storageWith(items = new Map<string, string>()): BrowserStorage & { items: Map<string, string> } {
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

describe("the saved state", () => {
  it("is separate for each user, and cleared when the user signs out", () => {
    const storage = storageWith();
    const [alice, al] = [openSavedState(storage, "alice"), openSavedState(storage, "al")];
    alice.setDraft("bob", "Hel");
    alice.setProgress({ cursor: "c", lastId: "l", conversations: [] });
    al.setDraft("", "to all");
    expect(openSavedState(storage, "alice").draft("bob")).toBe("Hel");
    expect(openSavedState(storage, "alice").progress()).toEqual({
      cursor: "c",
      lastId: "l",
      conversations: [],
    });
    expect(al.draft("bob")).toBe("");
    alice.clear();
    expect([...storage.items.keys()]).toEqual(["parley:al:draft:"]);
  });

  it("is separate even for a user whose name contains a separator", () => {
    const storage = storageWith();
    openSavedState(storage, "a:draft").setDraft("b", "x");
    expect(openSavedState(storage, "a").draft("b")).toBe("");
  });

  it("G2: has the unsent messages oldest first, with their ref and the time at which they left", () => {
    const storage = storageWith();
    const saved = openSavedState(storage, "alice");
    saved.addToOutbox(one);
    saved.addToOutbox({ ref: "r0", to: "", content: "First", at: 1, phase: "waiting" });
    expect(openSavedState(storage, "alice").outbox()).toEqual([
      { ref: "r0", to: "", content: "First", at: 1, phase: "waiting" },
      one,
    ]);
    saved.removeFromOutbox("r0");
    expect(saved.outbox()).toEqual([one]);
  });

  it("removes an empty draft, and ignores an item that can't be parsed", () => {
    const storage = storageWith(new Map([["parley:alice:progress", "{"]]));
    const saved = openSavedState(storage, "alice");
    expect(saved.progress()).toEqual({ cursor: undefined, lastId: "", conversations: [] });
    saved.setDraft("bob", "x");
    saved.setDraft("bob", "");
    expect([...storage.items.keys()]).toEqual(["parley:alice:progress"]);
  });

  it("works without effect in a browser without storage", () => {
    const refuse = () => {
      throw new Error("QuotaExceededError");
    };
    const storage = { length: 1, key: refuse, getItem: refuse, setItem: refuse, removeItem: refuse };
    const saved = openSavedState(storage, "alice");
    saved.addToOutbox(one);
    saved.clear();
    expect([saved.draft("bob"), saved.outbox()]).toEqual(["", []]);
  });
});
