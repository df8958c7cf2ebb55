import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { conversationOf, isVisibleTo, PUBLIC_CONVERSATION, refKey } from "./conversations.ts";
import { username } from "./test/usernames.ts";

/** Short names of few characters, so that pairs would collide if the rule allowed it, and names of every kind. */
const name = fc.oneof(
  fc.string({ unit: fc.constantFrom(..."ab.-é𠮷"), minLength: 1, maxLength: 3 }),
  username,
);
const to = fc.oneof(name, fc.constant(""));
/** Short refs, often with the separators that keys contain. */
const ref = fc.string({ unit: fc.constantFrom("a", "b", "\n", ":", "public"), minLength: 1, maxLength: 4 });

describe("conversations", () => {
  it("P50: a private conversation has one name, in both directions", () => {
    fc.assert(
      fc.property(name, name, (a, b) => {
        expect(conversationOf(a, b)).toBe(conversationOf(b, a));
      }),
    );
  });

  it("P50: different pairs never share a name", () => {
    fc.assert(
      fc.property(name, name, name, name, (a, b, c, d) => {
        const same = [a, b].sort().join("\n") === [c, d].sort().join("\n");
        expect(conversationOf(a, b) === conversationOf(c, d)).toBe(same);
      }),
      { numRuns: 2000 },
    );
    expect(conversationOf("a", "a")).toBe("a:a");
  });

  it("P52: the public room is one conversation whose name no pair has", () => {
    fc.assert(
      fc.property(name, name, (a, b) => {
        expect(conversationOf(a, "")).toBe(PUBLIC_CONVERSATION);
        expect(conversationOf(a, b)).not.toBe(PUBLIC_CONVERSATION);
      }),
    );
    expect(conversationOf("public", "public")).not.toBe(PUBLIC_CONVERSATION);
  });

  it("P20: only sender and recipient see a private message, and everyone sees a public one", () => {
    fc.assert(
      fc.property(name, name, to, (user, from, to) => {
        expect(isVisibleTo(user, { from, to })).toBe(to === "" || user === from || user === to);
      }),
    );
  });

  it("G2: two messages have the same key only if conversation, sender and ref are the same", () => {
    const sent = fc.record({ from: name, to, ref });
    fc.assert(
      fc.property(sent, sent, (a, b) => {
        const same =
          a.from === b.from &&
          conversationOf(a.from, a.to) === conversationOf(b.from, b.to) &&
          a.ref === b.ref;
        expect(refKey(a) === refKey(b)).toBe(same);
      }),
      { numRuns: 5000 },
    );
  });

  it("L5: a change shares the refs of whoever made it, and a moderator has refs of their own", () => {
    const change = { from: "a", to: "b", ref: "1" };
    expect(refKey({ ...change, by: "a" })).toBe(refKey(change));
    expect(refKey({ ...change, by: "m" })).not.toBe(refKey(change));
    expect(refKey({ ...change, by: "b" })).toBe(refKey({ from: "b", to: "a", ref: "1" }));
  });

  it("G2: the two sides of a conversation may use the same ref, and a message without one has no key", () => {
    expect(refKey({ from: "a", to: "b", ref: "1" })).not.toBe(refKey({ from: "b", to: "a", ref: "1" }));
    expect(refKey({ from: "a", to: "b", ref: "1" })).not.toBe(refKey({ from: "a", to: "", ref: "1" }));
    expect(refKey({ from: "a", to: "b" })).toBeUndefined();
  });
});
