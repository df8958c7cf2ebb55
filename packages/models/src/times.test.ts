import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatId, isId, MAX_MS, MAX_SEQ, ORIGIN, timestampOf } from "./ids.ts";
import { idAtTime, idBeforeTime, parseTime } from "./times.ts";

const ms = fc.integer({ min: 1, max: MAX_MS - 3 });

describe("a time", () => {
  it("P64: is read from every form of RFC 3339", () => {
    const at = Date.UTC(2025, 6, 16, 14, 0, 0);
    for (const [text, expected] of [
      ["2025-07-16T14:00:00Z", at],
      ["2025-07-16t14:00:00z", at],
      ["2025-07-16T14:00:00.123Z", at + 123],
      ["2025-07-16T14:00:00.5Z", at + 500],
      ["2025-07-16T16:00:00+02:00", at],
      ["2025-07-16T08:30:00-05:30", at],
      ["2025-07-16T14:00:00-00:00", at],
      ["2025-07-17T00:59:59.999+11:00", at - 1],
      ["2024-02-29T00:00:00Z", Date.UTC(2024, 1, 29)],
      ["0000-01-01T00:00:00Z", -62_167_219_200_000],
      ["9999-12-31T23:59:59.999Z", 253_402_300_799_999],
    ] as const)
      expect(parseTime(text), text).toBe(expected);
  });

  it("P64: between two milliseconds counts as the later one, whatever its digits", () => {
    const at = Date.UTC(2025, 6, 16, 14, 0, 0);
    for (const [fraction, expected] of [
      ["0000000000000000000000000000001", 1],
      ["1230", 123],
      ["123000000", 123],
      ["1230000001", 124],
      ["9991", 1_000],
      ["057", 57],
    ] as const)
      expect(parseTime(`2025-07-16T14:00:00.${fraction}Z`), fraction).toBe(at + expected);
  });

  it.each([
    "",
    "now",
    "1752674400000",
    "2025-07-16",
    "2025-07-16T14:00:00",
    "2025-07-16T14:00Z",
    "2025-07-16 14:00:00Z",
    "2025-07-16T14:00:00 02:00",
    "2025-07-16T14:00:00+02",
    "2025-07-16T14:00:00+0200",
    "2025-07-16T14:00:00+24:00",
    "2025-07-16T14:00:00.Z",
    "2025-07-16T24:00:00Z",
    "2025-07-16T14:60:00Z",
    "2025-07-16T14:00:60Z",
    "2025-13-01T00:00:00Z",
    "2025-00-01T00:00:00Z",
    "2025-02-29T00:00:00Z",
    "2025-06-31T00:00:00Z",
    "2025-07-32T00:00:00Z",
    "+002025-07-16T14:00:00Z",
    "2025-07-16T14:00:00Z\n",
    "٢025-07-16T14:00:00Z",
    "1752674400123-0000000000-00",
  ])("P64: isn't read from %j", (text) => {
    expect(parseTime(text)).toBeUndefined();
  });

  it("P64: of any timestamp is its millisecond, in any offset", () => {
    fc.assert(
      fc.property(ms, fc.integer({ min: -1_439, max: 1_439 }), (ms, offset) => {
        const local = new Date(ms + offset * 60_000).toISOString().slice(0, -1);
        const minutes = Math.abs(offset);
        const zone = [Math.floor(minutes / 60), minutes % 60]
          .map((part) => String(part).padStart(2, "0"))
          .join(":");
        expect(parseTime(`${local}${offset < 0 ? "-" : "+"}${zone}`)).toBe(ms);
      }),
    );
  });
});

describe("the position of a time", () => {
  it("P64: lies between the messages before it and those from it on", () => {
    const position = fc.record({
      ms: fc.oneof(ms, fc.integer({ min: 1, max: 3 })),
      seq: fc.integer({ min: 0, max: MAX_SEQ }),
    });
    fc.assert(
      fc.property(position, fc.integer({ min: -2, max: 2 }), ({ ms, seq }, distance) => {
        const id = formatId({ ms, seq });
        const time = ms + distance;
        const isSince = Date.parse(timestampOf(id)) >= time;
        expect([id >= idAtTime(time), id > idBeforeTime(time)]).toEqual([isSince, isSince]);
      }),
    );
  });

  it("P64: of a time that no id has is the end on that side", () => {
    for (const time of [-1, 0]) expect([idAtTime(time), idBeforeTime(time)]).toEqual([ORIGIN, ORIGIN]);
    const last = formatId({ ms: MAX_MS, seq: MAX_SEQ });
    for (const time of [MAX_MS + 1, 253_402_300_799_999]) {
      expect([idAtTime(time), idBeforeTime(time)]).toEqual([last, last]);
      expect(isId(idAtTime(time))).toBe(true);
    }
  });
});
