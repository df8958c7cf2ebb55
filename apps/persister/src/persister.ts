import { type BackoffLimits, backoffMs, sleep } from "@parley/async";
import type { Consumed, Consumer, Settled } from "@parley/bus";
import type { Store } from "@parley/store";
import { reasonOf } from "./errors.ts";
import type { Observe, Outcomes } from "./events.ts";
import { lagMs } from "./lag.ts";
import { Keeping } from "./storing/batch-writer.ts";
import { StoreWriter } from "./storing/store-writer.ts";

export { deadLetterRoutes } from "./dead-letters/routes.ts";
export type { DeadLetterDecision, Observe, PersisterEvent } from "./events.ts";

export interface PersisterOptions {
  readonly consume: Consumer;
  readonly store: Pick<Store, "prepare" | "insert">;
  readonly observe: Observe;
  readonly timings?: Partial<Timings>;
  /** In ms since 1970. */
  readonly now?: () => number;
}

export interface Timings {
  readonly retry: BackoffLimits;
  /** How often what is stored is let go and the log's state is told, in ms (L12). */
  readonly trimEveryMs: number;
  /** How long the batch in hand may take once `run` is to end, in ms. */
  readonly drainMs: number;
}

export interface Persister {
  /**
   * Takes messages from the log to the store until `signal` is aborted; then what is in hand is stored and settled,
   * for at most `drainMs`. Never rejects: what fails is tried again, for ever.
   */
  run(signal: AbortSignal): Promise<void>;
  /** What keeps messages from being stored at this moment, in words for an operator; empty when ready. */
  problems(): string[];
}

const TIMINGS: Timings = { retry: { minMs: 100, maxMs: 5_000 }, trimEveryMs: 1_000, drainMs: 10_000 };

/** A batch of so many says that more is waiting behind it. Smaller ones gather more while the store is at work. */
const MORE_WAITS = 250;

/** A core: it reads no environment, and the bus and the store are its caller's to close. */
export function createPersister(options: PersisterOptions): Persister {
  const { consume, store, observe, now = Date.now } = options;
  const timings = { ...TIMINGS, ...options.timings };
  const writer = new StoreWriter(store, observe, timings.retry);
  const keeping = new Keeping(writer, consume.acknowledged, observe);

  /** One step with the log. Undefined when it failed: what it was about comes again. */
  async function asking<Answer>(
    doing: "next" | "settle" | "trim",
    step: () => Promise<Answer>,
  ): Promise<Answer | undefined> {
    try {
      return await step();
    } catch (error) {
      observe({ type: "log-failed", doing, reason: reasonOf(error) });
      return undefined;
    }
  }

  async function settle(settled: readonly Settled[]): Promise<void> {
    await consume.settle(settled);
    observe({ type: "settled", outcomes: outcomesOf(settled) });
  }

  async function keep(batch: readonly Consumed[], signal: AbortSignal): Promise<void> {
    for await (const settled of keeping.keep(batch, signal)) await asking("settle", () => settle(settled));
  }

  const next = (signal: AbortSignal) =>
    asking("next", () => consume.next(signal).catch(ignoring(signal, [])));

  /**
   * One batch goes to the store at a time. Where it was a large one more is waiting, and the next is read meanwhile:
   * one batch ahead and never more, so a store that is slow slows the reading (G5).
   */
  async function consumeLoop(signal: AbortSignal): Promise<void> {
    let ahead: ReturnType<typeof next> | undefined;
    for (let failures = 0; ahead || !signal.aborted; ) {
      const batch = await (ahead ?? next(signal));
      ahead = batch && batch.length >= MORE_WAITS && !signal.aborted ? next(signal) : undefined;
      failures = batch ? 0 : failures + 1;
      if (batch) await keep(batch, signal);
      else await sleep(backoffMs(failures, timings.retry), signal);
    }
  }

  async function trimLoop(signal: AbortSignal): Promise<void> {
    const rest = () => sleep(timings.trimEveryMs, signal);
    let emptyAt: number | undefined;
    for (await rest(); !signal.aborted; await rest()) {
      const state = await asking("trim", () => consume.trim());
      if (state?.backlogEntries === 0) emptyAt = now();
      if (state) observe({ type: "log-state", state, lagMs: lagMs(state, now(), emptyAt) });
    }
  }

  return {
    async run(signal) {
      await writer.prepare(signal);
      await ended(Promise.all([consumeLoop(signal), trimLoop(signal)]), signal, timings.drainMs);
    },
    problems: () => [writer.problem(), consume.problem()].filter((problem) => problem !== undefined),
  };
}

/** For a rejection that is no news: the signal asked for it. */
function ignoring<Answer>(signal: AbortSignal, answer: Answer): (error: unknown) => Answer {
  return (error) => {
    if (!signal.aborted) throw error;
    return answer;
  };
}

/** Resolves with the work, and at the latest `ms` after the signal: what hangs then is settled by whoever comes next. */
async function ended(work: Promise<unknown>, signal: AbortSignal, ms: number): Promise<void> {
  let deadline: NodeJS.Timeout | undefined;
  const overdue = new Promise<void>((resolve) => {
    const start = () => {
      deadline = setTimeout(resolve, ms);
    };
    if (signal.aborted) start();
    else signal.addEventListener("abort", start, { once: true });
  });
  await Promise.race([work, overdue]);
  clearTimeout(deadline);
}

function outcomesOf(settled: readonly Settled[]): Outcomes {
  const counts: Record<string, number> = {};
  for (const { outcome } of settled) counts[outcome.kind] = (counts[outcome.kind] ?? 0) + 1;
  return counts;
}
