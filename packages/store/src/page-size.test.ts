import { formatId, type LogMessage } from "@parley/models";
import { describe, expect, it } from "vitest";
import { estimateBytes, firstFitting, isFull } from "./page-size.ts";

function messageOf(seq: number, length: number): LogMessage {
  return { id: formatId({ ms: 1, seq }), from: "a", to: "b", content: "x".repeat(length) };
}

describe("the size of a result", () => {
  const messages = [10, 1_000, 10, 10].map((length, seq) => messageOf(seq, length));

  it("G5: ends at the message that reaches either bound, and is then full", () => {
    for (const [size, count] of [
      [{ limit: 2 }, 2],
      [{ limit: 9 }, 4],
      [{ limit: 9, maxBytes: 1 }, 1],
      [{ limit: 9, maxBytes: estimateBytes(messageOf(0, 10)) + 1 }, 2],
      [{ limit: 1, maxBytes: 1_000_000 }, 1],
      [{ limit: 0 }, 0],
    ] as const) {
      const found = firstFitting(messages, size);
      expect(found, JSON.stringify(size)).toEqual(messages.slice(0, count));
      expect(isFull(found, size), JSON.stringify(size)).toBe(count < messages.length);
    }
  });
});
