import { username } from "@parley/models/test/usernames";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEAD_LETTERS, LOG, META, markerChannel, PUBLIC_CHANNEL, REFS, userChannel } from "./keys.ts";

describe("names in Redis", () => {
  it("P4: different users have different channels, which are no other channel or key", () => {
    const others = new Set([LOG, META, DEAD_LETTERS, PUBLIC_CHANNEL, ...REFS]);
    fc.assert(
      fc.property(username, username, (a, b) => {
        expect(userChannel(a) === userChannel(b)).toBe(a === b);
        expect(others).not.toContain(userChannel(a));
        expect(userChannel(a)).not.toBe(markerChannel(b));
      }),
      { numRuns: 2000 },
    );
  });

  it("P4: a username in a channel adds no separator, no pattern and no second hash tag", () => {
    fc.assert(
      fc.property(username, (name) => {
        const channel = userChannel(name);
        expect(channel.split(":")).toEqual(["{parley}", "user", name]);
        expect(channel.slice("{parley}".length)).not.toMatch(/[\s*?[\]{}\\]/u);
        // Redis compares bytes. Two names that UTF-8 can't encode could have the same bytes.
        expect(Buffer.from(channel).toString()).toBe(channel);
      }),
      { numRuns: 2000 },
    );
  });
});
