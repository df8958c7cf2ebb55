import type { MarkFeed, MarkName, MarkQueue, MarkReader, ReadMark, UnstoredMarks } from "@parley/bus";
import { laterOf } from "@parley/models";
import { expect } from "vitest";
import type { BusFixture } from "./fixture.ts";

/** The three roles of marks, and what the listener was told. */
export interface MarksFixture extends BusFixture {
  readonly feed: MarkFeed;
  readonly queue: MarkQueue;
  readonly reader: MarkReader;
  readonly heard: (ReadMark & { readonly audience: string })[];
  /** Appends a message and returns its id, once the watermark has passed it. */
  readonly storedMessage: () => Promise<string>;
}

/** One persister: what it has listed and not stored yet, and what it has stored and not removed yet. */
interface Persister {
  listed: UnstoredMarks["marks"];
  stored: UnstoredMarks["marks"];
}

/**
 * Runs random steps of two gateways, two persisters and a reader, and expects that no read returns less than was raised
 * before it. A read takes the log's marks first and the store's second, and other steps run between the two.
 */
export async function expectMarksNeverGoBack(
  { feed, queue, reader }: MarksFixture,
  { ids, end, random, user }: { ids: readonly string[]; end: string; random: () => number; user: string },
): Promise<void> {
  const names: readonly MarkName[] = ["", "bob", "carol"].map((other) => ({ user, with: other }));
  const store = new Map<string, string>();
  const raised = new Map<string, string>();
  const persisters: Persister[] = [1, 2].map(() => ({ listed: [], stored: [] }));
  const pick = <T>(from: readonly T[]) => from[Math.floor(random() * from.length)] as T;

  const raise = async () => {
    const name = pick(names);
    const id = pick(ids);
    await feed.raise([{ ...name, id }]);
    raised.set(name.with, laterOf(raised.get(name.with) ?? "", id > end ? end : id));
  };
  const persist = async () => {
    const persister = pick(persisters);
    if (persister.stored.length > 0) {
      await queue.stored(persister.stored);
      persister.stored = [];
    } else if (persister.listed.length > 0) {
      for (const mark of persister.listed) store.set(mark.with, laterOf(store.get(mark.with) ?? "", mark.id));
      persister.stored = persister.listed;
      persister.listed = [];
    } else {
      persister.listed = (await queue.list()).marks.filter((mark) => mark.user === user);
    }
  };
  const read = async () => {
    const before = new Map(raised);
    const unstored = await reader.find(names);
    for (let steps = Math.floor(random() * 3); steps > 0; steps -= 1) await pick([raise, persist])();
    names.forEach((name, at) => {
      const seen = laterOf(unstored[at] ?? "", store.get(name.with) ?? "");
      expect(seen >= (before.get(name.with) ?? "")).toBe(true);
    });
  };
  for (let step = 0; step < 60; step += 1) await pick([raise, persist, persist, read])();
  await read();
}
