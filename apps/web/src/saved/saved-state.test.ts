import { describe, expect, it } from "vitest";
import type { Pending } from "../chat/state.ts";
import { BrowserStorage } from "./browser-storage.ts";
import { SavedState } from "./saved-state.ts";
import { memoryItems } from "./test/memory-items.ts";

const open = (storage: ReturnType<typeof memoryItems>, user: string) =>
  new SavedState(new BrowserStorage(() => storage), user);
const refuse = () => {
  throw new DOMException("refused", "SecurityError");
};
const WRITES_REFUSED = { setItem: refuse, removeItem: refuse };
const one: Pending = {
  ref: "r1",
  to: "bob",
  content: "Hello",
  at: 2,
  tab: "t1",
  phase: "sending",
  leftAt: 3,
};

describe("the saved state", () => {
  it("is separate for each user, and cleared when the user signs out", () => {
    const storage = memoryItems();
    const [alice, al] = [open(storage, "alice"), open(storage, "al")];
    alice.setDraft("bob", "Hel");
    alice.setProgress({ cursor: "c", lastId: "l", conversations: [] });
    al.setDraft("", "to all");
    expect(open(storage, "alice").draft("bob")).toBe("Hel");
    expect(open(storage, "alice").progress()).toEqual({
      cursor: "c",
      lastId: "l",
      conversations: [],
    });
    expect(al.draft("bob")).toBe("");
    alice.clear();
    // A timer may fire after the user has signed out.
    alice.setProgress({ cursor: "c", lastId: "l", conversations: [] });
    alice.setDraft("bob", "Hel");
    expect([...storage.items.keys()]).toEqual(["parley:al:draft:"]);
  });

  it("removes only what this tab has written, after the user has signed out in another tab", () => {
    const storage = memoryItems();
    const [here, there] = [open(storage, "alice"), open(storage, "alice")];
    here.setDraft("bob", "old");
    there.clear();
    const again = open(storage, "alice");
    again.setDraft("carol", "new");
    here.setDraft("dave", "written meanwhile");
    here.clearWritten();
    here.setDraft("erin", "written later");
    expect([...storage.items.keys()]).toEqual(["parley:alice:draft:carol"]);
  });

  it("is separate even for a user whose name contains a separator", () => {
    const storage = memoryItems();
    open(storage, "a:draft").setDraft("b", "x");
    expect(open(storage, "a").draft("b")).toBe("");
  });

  it("G2: has the unsent messages oldest first, with their ref and the time at which they left", () => {
    const storage = memoryItems();
    const saved = open(storage, "alice");
    saved.addToOutbox(one);
    saved.addToOutbox({ ref: "r0", to: "", content: "First", at: 1, tab: "t1", phase: "waiting" });
    expect(open(storage, "alice").outbox()).toEqual([
      { ref: "r0", to: "", content: "First", at: 1, tab: "t1", phase: "waiting" },
      one,
    ]);
    saved.removeFromOutbox("r0");
    expect(saved.outbox()).toEqual([one]);
  });

  it("removes an empty draft, and ignores an item that can't be parsed", () => {
    const storage = memoryItems(new Map([["parley:alice:progress", "{"]]));
    const saved = open(storage, "alice");
    expect(saved.progress()).toEqual({ cursor: undefined, lastId: "", conversations: [] });
    saved.setDraft("bob", "x");
    saved.setDraft("bob", "");
    expect([...storage.items.keys()]).toEqual(["parley:alice:progress"]);
  });

  it.each([
    ["can't be opened", undefined],
    [
      "refuses every call",
      () => ({ ...memoryItems(), length: 1, key: refuse, getItem: refuse, ...WRITES_REFUSED }),
    ],
    ["refuses to write", () => ({ ...memoryItems(), ...WRITES_REFUSED })],
  ])("stays in memory if the browser's storage %s", (_what, storage) => {
    const saved = new SavedState(new BrowserStorage(storage ?? refuse), "alice");
    expect(saved.wouldLoseText).toBe(false);
    expect(saved.addToOutbox(one)).toBe(false);
    saved.setDraft("bob", "Hel");
    saved.setProgress({ cursor: "c", lastId: "l", conversations: [] });
    expect([saved.draft("bob"), saved.outbox(), saved.progress().cursor]).toEqual(["Hel", [one], "c"]);
    expect(saved.wouldLoseText).toBe(true);
    saved.removeFromOutbox(one.ref);
    saved.setDraft("bob", "");
    expect([saved.outbox(), saved.wouldLoseText]).toEqual([[], false]);
    saved.clear();
    expect(saved.progress().cursor).toBeUndefined();
  });

  it("makes room for a message by dropping the list of conversations, but not the position", () => {
    const storage = memoryItems();
    const setItem = (key: string, value: string) => {
      const size = [...storage.items].reduce(
        (sum, [other, { length }]) => sum + (other === key ? 0 : length),
        0,
      );
      if (size + value.length > 500) throw new DOMException("full", "QuotaExceededError");
      return void storage.items.set(key, value);
    };
    const saved = open({ ...storage, setItem }, "alice");
    const last = { id: "l", from: "bob", to: "alice", content: "x".repeat(300), timestamp: "" };
    saved.setProgress({ cursor: "c", lastId: "l", conversations: [{ with: "bob", unread: 1, last }] });
    expect(saved.addToOutbox({ ...one, content: "y".repeat(200) })).toBe(true);
    expect(open(storage, "alice").outbox()).toHaveLength(1);
    expect(open(storage, "alice").progress()).toEqual({ cursor: "c", lastId: "l", conversations: [] });
    expect(saved.addToOutbox({ ...one, ref: "r2", content: "y".repeat(500) })).toBe(false);
  });
});
