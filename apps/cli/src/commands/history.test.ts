import type { Message } from "@parley/client";
import { formatId } from "@parley/models";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readAll, readNewest } from "./history.ts";

const idOf = (n: number): string => formatId({ ms: 1_000 + n, seq: 0 });

/** Simulates the pages of a conversation (P51), and records the requested sizes. */
function conversation(length: number) {
  const all: Message[] = Array.from({ length }, (_, n) => ({
    id: idOf(n),
    from: "a",
    to: "b",
    content: String(n),
    timestamp: "",
  }));
  const limits: number[] = [];
  return {
    all,
    limits,
    async page({ before, after, limit }: { before?: string; after?: string; limit: number }) {
      limits.push(limit);
      const range = all.filter(
        ({ id }) => (before === undefined || id < before) && (after === undefined || id > after),
      );
      const messages = after === undefined ? range.slice(-limit) : range.slice(0, limit);
      return { messages, more: range.length > messages.length };
    },
  };
}

async function read(pages: AsyncGenerator<readonly Message[]>): Promise<readonly Message[]> {
  const messages: Message[] = [];
  for await (const page of pages) messages.push(...page);
  return messages;
}

describe("reading a conversation page by page", () => {
  it("readAll yields every message, or those between two", async () => {
    for (const length of [0, 1, 1_000, 2_500]) {
      const { all, page } = conversation(length);
      expect(await read(readAll(page))).toEqual(all);
      expect(await read(readAll(page, { before: idOf(1_200) }))).toEqual(all.slice(0, 1_200));
      expect(await read(readAll(page, { after: idOf(99), before: idOf(1_200) }))).toEqual(
        all.slice(100, 1_200),
      );
    }
  });

  it("readNewest yields the newest messages, oldest first, optionally between two", async () => {
    const size = fc.integer({ min: 1, max: 3_500 });
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 3_500 }),
        size,
        fc.option(size, { nil: undefined }),
        fc.option(size, { nil: undefined }),
        async (length, limit, before, after) => {
          const { all, page } = conversation(length);
          const part = {
            before: before === undefined ? undefined : idOf(before),
            after: after === undefined ? undefined : idOf(after),
          };
          const range = all.slice(after === undefined ? 0 : after + 1, before);
          expect(await read(readNewest(page, limit, part))).toEqual(range.slice(-limit));
        },
      ),
      { numRuns: 50 },
    );
  });

  it("readNewest requests each page at most twice", async () => {
    const { page, limits } = conversation(5_000);
    await read(readNewest(page, 2_400));
    expect(limits).toEqual([1_000, 1_000, 400, 1_000, 1_000]);
  });
});
