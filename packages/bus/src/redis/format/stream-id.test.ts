import { formatId, MAX_MS, MAX_SEQ, ORIGIN } from "@parley/models";
import { describe, expect, it } from "vitest";
import { idOfEntry, idUpTo, isStreamId, STREAM_ORIGIN, streamIdOf } from "./stream-id.ts";

describe("stream ids", () => {
  it("L2: stream ids and message ids convert to each other, up to the greatest", () => {
    for (const [ms, seq] of [
      [0, 1],
      [1_763_000_000_000, 0],
      [1_763_000_000_000, 7],
      [MAX_MS, MAX_SEQ],
    ] as const) {
      const streamId = `${ms}-${seq}`;
      expect(idOfEntry(streamId)).toBe(formatId({ ms, seq }));
      expect(idUpTo(streamId)).toBe(formatId({ ms, seq }));
      expect(streamIdOf(formatId({ ms, seq }))).toBe(streamId);
    }
    expect(streamIdOf(ORIGIN)).toBe(STREAM_ORIGIN);
  });

  it("L2: message ids sort as text in the order of the stream", () => {
    const inOrder = ["9-0", "10-0", "10-2", "10-10", "1763000000000-9", "1763000000000-10"];
    const ids = inOrder.map((streamId) => idOfEntry(streamId) ?? "");
    expect([...ids].sort()).toEqual(ids);
  });

  it("L2: an id that is too wide has no message id, and as a bound becomes the greatest id before it", () => {
    const wideSeq = `1763000000000-${MAX_SEQ + 1}`;
    const wideMs = `${MAX_MS + 1}-0`;
    const greatest = "18446744073709551615-18446744073709551615";
    for (const wide of [wideSeq, wideMs, greatest]) expect(idOfEntry(wide)).toBeUndefined();
    expect(idUpTo(wideSeq)).toBe(formatId({ ms: 1_763_000_000_000, seq: MAX_SEQ }));
    for (const wide of [wideMs, greatest]) expect(idUpTo(wide)).toBe(formatId({ ms: MAX_MS, seq: MAX_SEQ }));
  });

  it("rejects any other text", () => {
    for (const text of ["", "1", "1-", "-1", "1-1-1", "a-1", "1-1 ", "+", "$", "123456789012345678901-1"]) {
      expect(isStreamId(text)).toBe(false);
      expect(idOfEntry(text)).toBeUndefined();
      expect(() => idUpTo(text)).toThrow(RangeError);
      expect(() => streamIdOf(text)).toThrow(RangeError);
    }
  });
});
