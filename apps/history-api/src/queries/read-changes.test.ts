import { isVisibleTo, ORIGIN, refKey, type StoredMessage } from "@parley/models";
import { expect, it } from "vitest";
import { ModelLog, seeded } from "../test/model-log.ts";
import { noDeadline } from "../test/no-deadline.ts";
import { assertPresent } from "../test/present.ts";
import { History } from "./history.ts";
import { RefLookup } from "./ref-lookup.ts";

const SEEDS = Array.from({ length: 50 }, (_, index) => index + 1);
const observe = () => undefined;

/** A client that keeps what it gets from /sync: the messages as they are, and the changes. */
class Follower {
  readonly messages = new Map<string, StoredMessage>();
  readonly changes: string[] = [];
  cursor = ORIGIN;
  readonly #model: ModelLog;
  readonly #history: History;

  constructor(model: ModelLog) {
    const refLookup = new RefLookup(model, observe);
    this.#model = model;
    this.#history = new History({ follower: model, store: model, refLookup, observe });
  }

  /** Reads the next page, and checks what every page must be. Returns true if it was the last one. */
  async next(limit: number, hint: string): Promise<boolean> {
    const { end, logChanges } = this.#model;
    const page = await this.#history.sync("alice", this.cursor, limit, noDeadline());
    const ids = [...page.messages.map(({ id }) => id), ...page.changes.map(({ change }) => change)];
    const isWithin = (id: string) => id > this.cursor && id <= page.cursor;
    expect(
      ids.filter((id) => !isWithin(id)),
      hint,
    ).toEqual([]);
    expect(Math.max(page.messages.length, page.changes.length), hint).toBeLessThanOrEqual(limit);
    for (const message of page.messages) this.messages.set(message.id, message);
    for (const { change, kind, message } of page.changes) {
      expect(kind, hint).toBe(logChanges.find((made) => made.change === change)?.kind);
      assertPresent(message, this.#model, end, hint);
      this.messages.set(message.id, message);
      this.changes.push(change);
    }
    this.cursor = page.cursor;
    return !page.more;
  }
}

it("P75, L30: a client that follows /sync gets every change once, in order, and has every message as it is", async () => {
  for (const seed of SEEDS) {
    const model = new ModelLog(seeded(seed));
    const follower = new Follower(model);
    for (let rounds = 0; rounds < 40; rounds += 1) {
      const hint = `seed ${seed}, round ${rounds}`;
      const { end } = model;
      if (!(await follower.next(1 + (seed % 5), hint))) continue;
      const { cursor, changes, messages } = follower;
      expect(cursor >= end, hint).toBe(true);
      const due = model.logChanges.filter(
        (change) => isVisibleTo("alice", change) && change.change <= cursor,
      );
      expect(changes, hint).toEqual(due.map(({ change }) => change));
      const single = [...messages.values()].filter((message) => isOnly(message, model));
      for (const message of single) assertPresent(message, model, end, `kept, ${hint}`);
    }
  }
});

/** Tells if no other message repeats this one. One that is repeated may be replaced by the other (P58). */
function isOnly({ id }: StoredMessage, { log }: ModelLog): boolean {
  const key = refKey(log.find((message) => message.id === id) ?? { from: "", to: "" });
  return log.filter((message) => key !== undefined && refKey(message) === key).length < 2;
}
