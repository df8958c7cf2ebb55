import { ORIGIN, refKey } from "@parley/models";
import { expect, it } from "vitest";
import { History } from "../queries/history.ts";
import { RefLookup } from "../queries/ref-lookup.ts";
import { ModelLog, seeded } from "../test/model-log.ts";
import { noDeadline } from "../test/no-deadline.ts";
import { assertPresent } from "../test/present.ts";
import { type FeedPage, feedPageOf } from "./feed-page.ts";

const SEEDS = Array.from({ length: 50 }, (_, index) => index + 1);
const observe = () => undefined;

/** A consumer of the feed, which keeps its cursor and what it gets. */
class Consumer {
  readonly entries: FeedPage["entries"][number][] = [];
  cursor = ORIGIN;
  readonly #model: ModelLog;
  readonly #history: History;

  constructor(model: ModelLog) {
    this.#model = model;
    this.#history = new History({
      follower: model,
      store: model,
      refLookup: new RefLookup(model, observe),
      observe,
    });
  }

  /** Reads the next page, and checks what every page must be. Returns true if it was the last one. */
  async next(limit: number, hint: string): Promise<boolean> {
    const { end } = this.#model;
    const range = { after: this.cursor, limit };
    const read = await this.#history.readEverything("service", range, noDeadline());
    const { entries, cursor, more } = feedPageOf(read, limit);
    const ids = entries.map(({ id }) => id);
    expect(ids, hint).toEqual([...new Set(ids)].sort());
    expect(entries.length, hint).toBeLessThanOrEqual(limit);
    expect(
      ids.filter((id) => id <= this.cursor || id > cursor),
      hint,
    ).toEqual([]);
    for (const { message } of entries) assertPresent(message, this.#model, end, hint);
    this.entries.push(...entries);
    this.cursor = cursor;
    return !more;
  }
}

it("P63, P56: a consumer that follows the feed gets every message and every change once, in the order of the log", async () => {
  for (const seed of SEEDS) {
    const model = new ModelLog(seeded(seed));
    const consumer = new Consumer(model);
    for (let rounds = 0; rounds < 40; rounds += 1) {
      const hint = `seed ${seed}, round ${rounds}`;
      const { end } = model;
      if (!(await consumer.next(1 + (seed % 5), hint))) continue;
      const { cursor, entries } = consumer;
      expect(cursor >= end, hint).toBe(true);
      const changes = entries.filter(({ type }) => type !== "message").map(({ id }) => id);
      const due = model.logChanges.filter(({ change }) => change <= cursor);
      expect(changes, hint).toEqual(due.map(({ change }) => change));
      const messages = new Set(entries.filter(({ type }) => type === "message").map(({ id }) => id));
      const single = model.log.filter((message) => message.id <= cursor && isOnly(message.id, model));
      expect(
        single.filter(({ id }) => !messages.has(id)),
        hint,
      ).toEqual([]);
    }
  }
});

/** Tells if no other message repeats this one. One that is repeated may be replaced by the other (P58). */
function isOnly(id: string, { log }: ModelLog): boolean {
  const key = refKey(log.find((message) => message.id === id) ?? { from: "", to: "" });
  return key === undefined || log.filter((message) => refKey(message) === key).length < 2;
}
