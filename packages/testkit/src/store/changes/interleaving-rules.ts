import { setImmediate as nextTurn } from "node:timers/promises";
import {
  idBefore,
  isChange,
  type LogChange,
  type LogEntry,
  type LogMessage,
  positionOf,
} from "@parley/models";
import type { ChangeOutcome, Store } from "@parley/store";
import fc from "fast-check";
import { expect, it } from "vitest";
import type { OpenStore } from "../opening.ts";
import { AFTER_ALL, arbitraryLog, type Delivery, expectedOf } from "./interleaving-log.ts";

/** Two persisters of one log, which store what is delivered to them as a persister does. */
class Persisters {
  readonly #store: Store;
  readonly #entries: readonly LogEntry[];
  readonly #settled = new Set<LogEntry>();
  readonly orphans = new Set<LogEntry>();

  constructor(store: Store, entries: readonly LogEntry[]) {
    this.#store = store;
    this.#entries = entries;
  }

  get unsettled(): LogEntry[] {
    return this.#entries.filter((entry) => !this.#settled.has(entry));
  }

  /** Inserts the messages, reads the watermark, and applies the changes (L28). */
  async store({ batch, isKilled }: Omit<Delivery, "persister">): Promise<void> {
    const settled: LogEntry[] = [];
    const messages = batch.filter((entry): entry is LogMessage => !isChange(entry));
    const inserted = await this.#store.insert(messages, { keepAliases: true });
    inserted.forEach(({ kind }, n) => {
      const message = messages[n];
      expect(["stored", "duplicateOf"]).toContain(kind);
      if (message) settled.push(message);
    });
    if (!isKilled) for (const entry of settled) this.#settled.add(entry);
    const watermark = this.#watermark();
    await nextTurn();
    const changes = batch.filter(isChange);
    const outcomes = await this.#store.change(changes, { watermark });
    if (isKilled) return;
    outcomes.forEach((outcome, n) => {
      const change = changes[n];
      if (change) this.#settle(change, outcome);
    });
  }

  #settle(change: LogChange, outcome: ChangeOutcome): void {
    expect(outcome.kind).not.toBe("failed");
    if (outcome.kind === "notYet") return;
    if (outcome.kind === "orphan") this.orphans.add(change);
    this.#settled.add(change);
  }

  /** It is just before the first entry that isn't settled (L12). */
  #watermark(): string {
    const [first] = this.unsettled;
    return first ? idBefore(positionOf(first)) : AFTER_ALL;
  }
}

/** Store contract: two persisters, with whatever they get in whatever order, end in the history that the log says. */
export function interleavingRules(open: OpenStore, numRuns: number): void {
  it("L28, P76: two persisters, redeliveries and deaths in any order leave the history that the log says", async () => {
    const property = fc.asyncProperty(arbitraryLog, async ({ entries, deliveries }) => {
      const store = await open();
      const persisters = new Persisters(store, entries);
      const run = async (each: 0 | 1) => {
        for (const { persister, ...delivery } of deliveries)
          if (persister === each) await persisters.store(delivery);
      };
      await Promise.all([run(0), run(1)]);
      // Each further delivery settles the first entry that isn't settled, at least.
      for (let left = persisters.unsettled; left.length > 0; ) {
        await persisters.store({ batch: left, isKilled: false });
        expect(persisters.unsettled.length).toBeLessThan(left.length);
        left = persisters.unsettled;
      }
      await expectHistory(store, entries, persisters);
      // A persister that was frozen stores the whole log again, and changes nothing.
      await persisters.store({ batch: entries, isKilled: true });
      await expectHistory(store, entries, persisters);
      await store.close();
    });
    await fc.assert(property, { numRuns });
  });
}

async function expectHistory(
  store: Store,
  entries: readonly LogEntry[],
  { orphans }: Persisters,
): Promise<void> {
  const all = expectedOf(entries);
  for (const { ids, shown } of all) {
    const [message, ...others] = await Promise.all(ids.map((id) => store.findById(id)));
    const { content, meta, change, deleted } = message ?? {};
    const found = { content, ...(meta && { meta }), ...(change && { change }), ...(deleted && { deleted }) };
    expect(found).toEqual(shown);
    for (const other of others) expect(other).toEqual(message);
  }
  const effective = all.flatMap(({ changes }) => changes).sort((a, b) => (a.change < b.change ? -1 : 1));
  const listed = await store.changes({ conversation: "alice:bob" }, { limit: 100 });
  expect(listed.map(({ change }) => change.change)).toEqual(effective.map(({ change }) => change));
  const others = entries.filter(isChange).filter((change) => !effective.includes(change));
  expect(orphans).toEqual(new Set(others));
}
