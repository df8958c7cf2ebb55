import { username } from "@parley/models/test/usernames";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Names, namesOf, type Place } from "./keys.ts";

const namespace = fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,31}$/);
const place: fc.Arbitrary<Place> = fc.record({
  db: fc.nat({ max: 20 }),
  namespace: fc.option(namespace, { nil: undefined }),
});

/** Returns the text of every name in the object, at any depth. */
const textsIn = (value: unknown): string[] =>
  typeof value === "string"
    ? [value]
    : typeof value === "object" && value !== null
      ? Object.values(value).flatMap(textsIn)
      : [];
const keysOf = ({ former: _, tag: __, ...own }: Names) => textsIn(own);

describe("names in Redis", () => {
  it("L38: database 0 without a namespace has the names that every earlier version had", () => {
    const { userChannel, markerChannel, marksChannel, former, ...names } = namesOf({ db: 0 });
    expect(names).toEqual({
      tag: "{parley}",
      log: "{parley}:log",
      meta: "{parley}:meta",
      refs: ["{parley}:refs:state", "{parley}:refs:0", "{parley}:refs:1", "{parley}:refs:2"],
      backlogShares: "{parley}:shares:backlog",
      refsShares: "{parley}:shares:refs",
      revocations: "{parley}:revocations",
      deadLetters: "{parley}:dead-letters",
      marks: "{parley}:marks",
      marksShares: "{parley}:shares:marks",
      publicChannel: "{parley}:public",
      notice: "{parley}:notice",
    });
    expect([userChannel("bob"), markerChannel("g")]).toEqual(["{parley}:user:bob", "{parley}:marker:g"]);
    expect(marksChannel("bob")).toBe("{parley}:marks:bob");
    expect(former).toEqual([]);
  });

  it.each([
    [{ db: 1 }, "{parley/1}", [["{parley}", true]]],
    [{ db: 0, namespace: "staging" }, "{parley:staging}", [["{parley}", false]]],
    [
      { db: 1, namespace: "staging" },
      "{parley/1:staging}",
      [
        ["{parley/1}", false],
        ["{parley}", false],
      ],
    ],
  ])("L38: %o has the hash tag %s", (given, tag, former) => {
    const names = namesOf(given);
    expect(names.tag).toBe(tag);
    expect(names.former.map((place) => [place.tag, place.isCertain])).toEqual(former);
  });

  it("L38: two places have no name in common, and every name has the place's hash tag", () => {
    fc.assert(
      fc.property(place, place, username, (a, b, user) => {
        const [one, other] = [a, b].map(namesOf) as [Names, Names];
        const all = (names: Names) => [...keysOf(names), names.userChannel(user), names.markerChannel(user)];
        expect(all(one).every((name) => /^\{[^{}]+\}/.exec(name)?.[0] === one.tag)).toBe(true);
        const isSame = a.db === b.db && a.namespace === b.namespace;
        expect(all(one).some((name) => all(other).includes(name))).toBe(isSame);
      }),
    );
  });

  it("P4: different users have different channels, which are no other channel or key", () => {
    fc.assert(
      fc.property(place, username, username, (where, a, b) => {
        const names = namesOf(where);
        expect(names.userChannel(a) === names.userChannel(b)).toBe(a === b);
        expect(keysOf(names)).not.toContain(names.userChannel(a));
        expect(names.userChannel(a)).not.toBe(names.markerChannel(b));
      }),
      { numRuns: 2000 },
    );
  });

  it("P4: a username in a channel adds no separator, no pattern and no second hash tag", () => {
    fc.assert(
      fc.property(username, (name) => {
        const channel = namesOf({ db: 0 }).userChannel(name);
        expect(channel.split(":")).toEqual(["{parley}", "user", name]);
        expect(channel.slice("{parley}".length)).not.toMatch(/[\s*?[\]{}\\]/u);
        // Redis compares bytes. Two names that UTF-8 can't encode could have the same bytes.
        expect(Buffer.from(channel).toString()).toBe(channel);
      }),
      { numRuns: 2000 },
    );
  });
});
