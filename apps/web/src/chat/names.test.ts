import { isUsername } from "@parley/models";
import { REAL_NAMES, username } from "@parley/models/test/usernames";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BrowserStorage } from "../saved/browser-storage.ts";
import { SavedState } from "../saved/saved-state.ts";
import { memoryItems } from "../saved/test/memory-items.ts";
import { hashOf, routeOf } from "../ui/route.ts";
import { hueOf, parseName } from "./names.ts";

describe("names", () => {
  it("have one of the colours each, and the colours are used evenly", () => {
    const names = Array.from({ length: 700 }, (_, n) => `user-${n}`);
    const hues = names.map(hueOf);
    expect(hues).toEqual(names.map(hueOf));
    for (const hue of [1, 2, 3, 4, 5, 6, 7])
      expect(hues.filter((one) => one === hue).length).toBeGreaterThan(50);
    expect(new Set(hues).size).toBe(7);
  });

  it("P4: are trimmed, composed and checked when they are typed", () => {
    expect(parseName(" Zoe\u0308 ")).toBe("Zo\u00eb");
    // BENGALI LETTER YYA as most keyboards produce it.
    expect(parseName("ন\u09dfন")).toBe("ন\u09af\u09bcন");
    for (const text of ["", "a b", "a/b", "x".repeat(65), "\u3164", "\u0301"])
      expect(parseName(text)).toBeUndefined();
  });

  it("P4: are checked as the server checks them", () => {
    const text = fc.oneof(
      username,
      fc
        .tuple(username, fc.string({ unit: "binary", maxLength: 3 }), username)
        .map((parts) => parts.join("")),
      fc.string({ unit: "grapheme", maxLength: 70 }),
      fc.string({ unit: fc.constantFrom("a", "क", "\u0316", "\u102c", "\ufe0f", "7"), maxLength: 70 }),
    );
    fc.assert(
      fc.property(text, (text) => {
        const name = text.trim().normalize("NFC");
        expect(parseName(text)).toBe(isUsername(name) ? name : undefined);
      }),
      { numRuns: 1000 },
    );
    for (const name of Object.values(REAL_NAMES)) expect(parseName(name)).toBe(name.normalize("NFC"));
  });

  it("P4: keep their addresses and their saved drafts apart", () => {
    fc.assert(
      fc.property(username, username, username, username, (user, partner, otherUser, otherPartner) => {
        const items = memoryItems();
        expect(routeOf(hashOf(partner))).toEqual({ partner });
        const storage = new BrowserStorage(() => items);
        new SavedState(storage, user).setDraft(partner, "Hello");
        const isSame = user === otherUser && partner === otherPartner;
        expect(new SavedState(storage, otherUser).draft(otherPartner)).toBe(isSame ? "Hello" : "");
      }),
    );
  });
});
