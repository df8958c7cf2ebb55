import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clientFrame } from "../test/raw-client.ts";
import { FrameCounter } from "./frame-counter.ts";

/** Payload sizes below and above each limit at which the length is encoded differently. */
const sizes = fc.oneof(
  fc.constant(0),
  fc.nat(130),
  fc.constantFrom(125, 126, 127, 65_535, 65_536),
  fc.nat(300),
);
const frames = fc.array(
  fc.record({
    size: sizes,
    opcode: fc.constantFrom(0, 1, 8, 9, 10),
    fin: fc.boolean(),
    masked: fc.boolean(),
  }),
  { maxLength: 30 },
);

describe("the frame counter", () => {
  it("P32: counts every frame once, of any kind and size, wherever the bytes are cut", () => {
    fc.assert(
      fc.property(
        frames,
        fc.array(fc.integer({ min: 1, max: 70_000 })),
        fc.boolean(),
        (list, cuts, isTiny) => {
          const bytes = Buffer.concat(
            list.map(({ size, ...shape }) => clientFrame(Buffer.alloc(size, 7), shape)),
          );
          const counter = new FrameCounter();
          let counted = 0;
          for (const chunk of chunksOf(bytes, isTiny ? cuts.map((cut) => (cut % 12) + 1) : cuts))
            counted += counter.count(chunk);
          expect(counted).toBe(list.length);
        },
      ),
    );
  });

  it("P32: counts frames that come byte by byte", () => {
    const bytes = Buffer.concat([
      clientFrame("x".repeat(70_000)),
      clientFrame(""),
      clientFrame("y".repeat(200)),
    ]);
    const counter = new FrameCounter();
    let counted = 0;
    for (let at = 0; at < bytes.length; at++) counted += counter.count(bytes.subarray(at, at + 1));
    expect(counted).toBe(3);
  });

  it("P32: goes on after a length of 2^63 bytes, which ws refuses", () => {
    const counter = new FrameCounter();
    expect(counter.count(clientFrame("", { length: 2 ** 63 }))).toBe(1);
    expect(counter.count(Buffer.alloc(65_536))).toBe(0);
  });
});

/** Cuts the bytes into chunks of these sizes. The last chunk has all remaining bytes. */
function chunksOf(bytes: Buffer, lengths: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  let at = 0;
  for (const length of lengths) {
    chunks.push(bytes.subarray(at, at + length));
    at += length;
  }
  return [...chunks, bytes.subarray(at)];
}
