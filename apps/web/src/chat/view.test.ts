import type { Message } from "@parley/client";
import { describe, expect, it } from "vitest";
import { atEnd, hold, MAX_SHOWN, rangeOf, STEP, showNewer, showOlder } from "./view.ts";

/** Returns messages whose ids are the numbers from `from` up to, but not including, `to`. */
function messages(from: number, to: number): Message[] {
  return Array.from({ length: to - from }, (_, n) => ({
    id: String(from + n).padStart(10, "0"),
    from: "bob",
    to: "",
    content: "",
    timestamp: "",
  }));
}
const shown = (list: Message[], view = atEnd) => {
  const { from, to } = rangeOf(list, view);
  return list.slice(from, to).map(({ id }) => Number(id));
};

describe("the part of a conversation that is in the document", () => {
  it("is the end at first, and moves along with the end", () => {
    expect(shown(messages(0, 1_000))).toEqual(messages(1_000 - STEP, 1_000).map(({ id }) => Number(id)));
    expect(shown(messages(0, 3))).toEqual([0, 1, 2]);
    expect(shown([])).toEqual([]);
  });

  it("G5: is bounded, however far it moves in 100,000 messages and however many arrive", () => {
    const all = messages(0, 100_000);
    let view = atEnd;
    for (let step = 0; step < 50; step += 1) {
      view = showOlder(all, view);
      expect(shown(all, view).length).toBeLessThanOrEqual(MAX_SHOWN);
    }
    expect(shown(all, view)[0]).toBe(100_000 - 51 * STEP);
    expect(shown(messages(0, 101_000), view)).toEqual(shown(all, view));
  });

  it("moves to the beginning and back to the end without skipping a message", () => {
    const all = messages(0, 1_000);
    const seen = new Set<number>();
    let view = atEnd;
    while (shown(all, view)[0] !== 0) view = showOlder(all, view);
    for (let last = -1; last !== 999; last = shown(all, view).at(-1) ?? 0) {
      for (const n of shown(all, view)) seen.add(n);
      view = showNewer(all, view);
    }
    for (const n of shown(all, view)) seen.add(n);
    expect(seen.size).toBe(1_000);
  });

  it("stays in place while messages are added before or after it", () => {
    const held = hold(messages(100, 300), atEnd);
    const before = shown(messages(100, 300), held);
    expect(shown(messages(0, 300), held)).toEqual(before);
    expect(shown(messages(100, 310), held).slice(0, before.length)).toEqual(before);
    const older = showOlder(messages(100, 300), held);
    expect(shown(messages(150, 300), older)[0]).toBe(180);
  });
});
