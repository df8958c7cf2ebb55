import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BatchLimit } from "./batch-limit.ts";

const MAX = 500;
const DEADLINE_MS = 5_000;

/** A store whose inserts take a fixed time, and more for each message. */
interface ModelStore {
  readonly fixedMs: number;
  readonly perMessageMs: number;
}

const timeOf = ({ fixedMs, perMessageMs }: ModelStore, messages: number) => fixedMs + perMessageMs * messages;

/** Inserts a full batch, and returns the number of messages that were stored, and the time in ms. */
function insert(limit: BatchLimit, store: ModelStore): { stored: number; ms: number } {
  const messages = limit.current;
  const ms = timeOf(store, messages);
  if (ms > DEADLINE_MS) limit.missed(messages);
  else limit.answered(messages, ms);
  return ms > DEADLINE_MS ? { stored: 0, ms: DEADLINE_MS } : { stored: messages, ms };
}

function throughput(limit: BatchLimit, store: ModelStore, batches: number): number {
  const all = Array.from({ length: batches }, () => insert(limit, store));
  return all.reduce((sum, { stored }) => sum + stored, 0) / all.reduce((sum, { ms }) => sum + ms, 0);
}

const anyStore = fc.record({
  fixedMs: fc.oneof(
    fc.double({ min: 0.1, max: 50, noNaN: true }),
    fc.double({ min: 1, max: 7_000, noNaN: true }),
  ),
  perMessageMs: fc.oneof(
    fc.double({ min: 0, max: 2, noNaN: true }),
    fc.double({ min: 0, max: 6_000, noNaN: true }),
  ),
});

describe("the limit of a batch", () => {
  it("G5: is a whole number from 1 to the maximum, whatever the store does", () => {
    const event = fc.record({ messages: fc.integer({ min: 1, max: MAX }), ms: fc.option(fc.nat(20_000)) });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: MAX }), fc.array(event, { maxLength: 60 }), (max, events) => {
        const limit = new BatchLimit(max);
        for (const { messages, ms } of events) {
          if (ms === null) limit.missed(messages);
          else limit.answered(messages, ms);
          expect(Number.isInteger(limit.current)).toBe(true);
          expect(limit.current).toBeGreaterThanOrEqual(1);
          expect(limit.current).toBeLessThanOrEqual(max);
        }
      }),
    );
  });

  it("F25: is back at the maximum after 20 quick batches, whatever was before", () => {
    fc.assert(
      fc.property(fc.array(anyStore, { maxLength: 20 }), (stores) => {
        const limit = new BatchLimit(MAX);
        for (const store of stores) insert(limit, store);
        for (let batch = 0; batch < 20; batch += 1) insert(limit, { fixedMs: 5, perMessageMs: 1 });
        expect(limit.current).toBe(MAX);
      }),
    );
  });

  it("F25: after four missed deadlines a batch has one message, which is stored if the store can store any", () => {
    const limit = new BatchLimit(MAX);
    const sizes = Array.from({ length: 6 }, () => {
      limit.missed(limit.current);
      return limit.current;
    });
    expect(sizes).toEqual([125, 31, 7, 1, 1, 1]);
  });

  it("F25: never stops at batches that miss the deadline, if the store manages a smaller one", () => {
    fc.assert(
      fc.property(
        anyStore.filter((store) => timeOf(store, 1) < DEADLINE_MS),
        (store) => {
          const limit = new BatchLimit(MAX);
          throughput(limit, store, 10);
          for (let round = 0; round < 20; round += 1) {
            const results = Array.from({ length: 6 }, () => insert(limit, store));
            expect(results.some(({ stored }) => stored > 0)).toBe(true);
          }
        },
      ),
    );
  });

  it("F25: stores at least a fifth of what the best fixed size would store, whether time goes with the size or not", () => {
    fc.assert(
      fc.property(
        anyStore.filter((store) => timeOf(store, 4) < DEADLINE_MS / 2),
        (store) => {
          const sizes = Array.from({ length: MAX }, (_, n) => n + 1);
          const rates = sizes
            .filter((size) => timeOf(store, size) <= DEADLINE_MS)
            .map((size) => size / timeOf(store, size));
          const limit = new BatchLimit(MAX);
          throughput(limit, store, 30);
          expect(throughput(limit, store, 200)).toBeGreaterThanOrEqual(Math.max(...rates) / 5);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("G5: a slow batch halves it if time goes with the size", () => {
    const limit = new BatchLimit(MAX);
    const store = { fixedMs: 0, perMessageMs: 9 };
    insert(limit, store);
    expect(limit.current).toBe(250);
    insert(limit, store);
    expect(limit.current).toBe(125);
    insert(limit, store);
    expect(limit.current).toBe(150);
  });

  it("F25: stays large if each operation takes seconds, however many messages it has", () => {
    const limit = new BatchLimit(MAX);
    const slow = { fixedMs: 3_000, perMessageMs: 0 };
    throughput(limit, slow, 10);
    expect(limit.current).toBe(MAX);
    for (let miss = 0; miss < 4; miss += 1) limit.missed(limit.current);
    throughput(limit, slow, 20);
    expect(limit.current).toBe(MAX);
  });

  it("ignores answers to batches below the limit, which don't show what the store manages", () => {
    const limit = new BatchLimit(MAX);
    limit.missed(400);
    expect(limit.current).toBe(100);
    limit.answered(99, 1);
    limit.answered(99, 4_000);
    expect(limit.current).toBe(100);
    limit.answered(100, 1);
    expect(limit.current).toBe(125);
  });
});
