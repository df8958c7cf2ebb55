import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  formatId,
  idAfter,
  idBefore,
  isId,
  laterOf,
  MAX_MS,
  MAX_SEQ,
  nextPosition,
  ORIGIN,
  type Position,
  parseId,
  timestampOf,
} from "./ids.ts";

/** Numbers from 0 to `max` for one part of a position. Numbers near both ends, and powers of ten, are frequent. */
const part = (max: number) =>
  fc.oneof(
    fc.integer({ min: 0, max }),
    fc.integer({ min: 0, max: 20 }),
    fc.integer({ min: max - 20, max }),
    fc.integer({ min: 1, max: 9 }).map((digits) => 10 ** digits),
  );
const position = fc.record({ ms: part(MAX_MS), seq: part(MAX_SEQ) });

function compare(a: Position, b: Position): number {
  return Math.sign(a.ms - b.ms || a.seq - b.seq);
}

function compareText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

describe("ids", () => {
  it("L2: ids have a fixed width and sort like their positions, as text and as bytes", () => {
    fc.assert(
      fc.property(position, position, (a, b) => {
        const [first, second] = [formatId(a), formatId(b)];
        expect(first).toHaveLength(27);
        expect(second).toHaveLength(27);
        expect(compareText(first, second)).toBe(compare(a, b));
        expect(Buffer.compare(Buffer.from(first), Buffer.from(second))).toBe(compare(a, b));
      }),
    );
  });

  it("L2: formatting and parsing an id are inverse", () => {
    fc.assert(
      fc.property(position, (at) => {
        const id = formatId(at);
        expect(parseId(id)).toEqual(at);
        expect(isId(id)).toBe(true);
      }),
    );
  });

  it("L2: the text form is mmmmmmmmmmmmm-ssssssssss-pp", () => {
    expect(formatId({ ms: 1_752_674_400_000, seq: 7 })).toBe("1752674400000-0000000007-00");
    expect(ORIGIN).toBe("0000000000000-0000000000-00");
  });

  it("L2: no other text is an id, and every text that parses is in canonical form", () => {
    const near = fc
      .tuple(position, fc.nat(26), fc.string({ unit: "binary", maxLength: 2 }))
      .map(([at, index, put]) => {
        const id = formatId(at);
        return id.slice(0, index) + put + id.slice(index + 1);
      });
    fc.assert(
      fc.property(fc.oneof(near, fc.string({ unit: "binary" })), (text) => {
        const parsed = parseId(text);
        if (parsed) expect(formatId(parsed)).toBe(text);
      }),
      { numRuns: 1000 },
    );
    const id = "1752674400000-0000000007-00";
    for (const no of ["", "0", "1752674400000-7", `${id}\n`, ` ${id}`, `${id}0`, id.replace(/00$/, "01")]) {
      expect(isId(no), JSON.stringify(no)).toBe(false);
    }
    // Digits of other scripts would sort differently.
    expect(isId(id.replace("1", "١"))).toBe(false);
    for (const no of [undefined, null, 7, {}, [id]]) expect(isId(no)).toBe(false);
  });

  it("L1: a position that doesn't fit an id is refused", () => {
    const no = [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY];
    for (const ms of [...no, MAX_MS + 1]) expect(() => formatId({ ms, seq: 0 })).toThrow(RangeError);
    for (const seq of [...no, MAX_SEQ + 1]) expect(() => formatId({ ms: 0, seq })).toThrow(RangeError);
    expect(() => idAfter(formatId({ ms: MAX_MS, seq: MAX_SEQ }))).toThrow(RangeError);
  });

  it("L1: nextPosition returns the least greater position", () => {
    fc.assert(
      fc.property(position, position, (at, other) => {
        const next = nextPosition(at);
        expect(compare(at, next)).toBe(-1);
        // Nothing lies between `at` and `next`: a position greater than `at` is `next` or greater than `next`.
        if (compare(other, at) === 1) expect(compare(other, next)).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 1000 },
    );
    expect(nextPosition({ ms: 5, seq: 9 })).toEqual({ ms: 5, seq: 10 });
    expect(nextPosition({ ms: 5, seq: MAX_SEQ })).toEqual({ ms: 6, seq: 0 });
    expect(nextPosition({ ms: 5, seq: MAX_SEQ - 1 })).toEqual({ ms: 5, seq: MAX_SEQ });
  });

  it("L1: idAfter returns the next id, so that as an exclusive bound it excludes nothing else", () => {
    fc.assert(
      fc.property(position, (at) => {
        fc.pre(at.ms < MAX_MS || at.seq < MAX_SEQ);
        expect(idAfter(formatId(at))).toBe(formatId(nextPosition(at)));
      }),
    );
    expect(() => idAfter("yesterday")).toThrow(RangeError);
  });

  it("L12: idBefore is the inverse of idAfter", () => {
    fc.assert(
      fc.property(position, (at) => {
        fc.pre(at.ms < MAX_MS || at.seq < MAX_SEQ);
        expect(idBefore(idAfter(formatId(at)))).toBe(formatId(at));
      }),
    );
    for (const text of ["yesterday", ORIGIN]) expect(() => idBefore(text)).toThrow(RangeError);
  });

  it("L2: the timestamp is the id's time, for every possible id", () => {
    fc.assert(
      fc.property(position, (at) => {
        const timestamp = timestampOf(formatId(at));
        expect(timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
        expect(Date.parse(timestamp)).toBe(at.ms);
      }),
    );
    expect(() => timestampOf("yesterday")).toThrow(RangeError);
  });

  it("L1: laterOf returns the greater of two ids, in either order", () => {
    fc.assert(
      fc.property(position, position, (a, b) => {
        const later = formatId(compare(a, b) === 1 ? a : b);
        expect(laterOf(formatId(a), formatId(b))).toBe(later);
        expect(laterOf(formatId(b), formatId(a))).toBe(later);
      }),
    );
  });
});
