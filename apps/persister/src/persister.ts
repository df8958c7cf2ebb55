import type { BackoffLimits } from "@parley/async";
import type { Consumer, MarkQueue, Revocations } from "@parley/bus";
import type { Store, StoreFormat } from "@parley/store";
import { runConsumeLoop } from "./consuming/consume-loop.ts";
import type { Observe } from "./events.ts";
import { MarkCarrier } from "./marks/mark-carrier.ts";
import { runMarkLoop } from "./marks/mark-loop.ts";
import { BatchWriter } from "./storing/batch-writer.ts";
import { runRevocationKeeper } from "./storing/revocation-keeper.ts";
import { StoreWriter } from "./storing/store-writer.ts";
import { runUpgrade } from "./storing/upgrade.ts";
import { runTrimLoop } from "./trimming/trim-loop.ts";

export { deadLetterRoutes } from "./dead-letters/routes.ts";
export type { DeadLetterDecision, Observe, PersisterEvent } from "./events.ts";

export interface PersisterOptions {
  readonly consumer: Consumer;
  /** The read marks that aren't stored yet. */
  readonly marks: MarkQueue;
  readonly store: Pick<Store, "prepare" | "upgrade" | "insert" | "change" | "marks">;
  /** The log's revocations, and where to keep them (L26). Undefined if the log keeps them in the store by itself. */
  readonly revocations?: { readonly known: Revocations; readonly store: Pick<Store, "revocations"> };
  /** The format that an operator chose for the store. Undefined: an existing store stays as it is. */
  readonly storeFormat?: StoreFormat | undefined;
  /**
   * Minimum time between two small batches, in ms: a store's work is mostly for the batch, not for its messages. 0 where an
   * append waits for the store (L23).
   */
  readonly gatherMs: number;
  readonly observe: Observe;
  readonly timings?: Partial<Timings>;
  /** The current time, in ms since 1970. */
  readonly now?: () => number;
  /** The current time of a clock that never leaps, in ms. */
  readonly monotonicNow?: () => number;
}

export interface Timings {
  readonly retry: BackoffLimits;
  /** Wait before the store's upgrade is tried again. */
  readonly upgradeRetry: BackoffLimits;
  /** Interval at which the log is trimmed and its state is reported, in ms (L12). */
  readonly trimEveryMs: number;
  /** Mean interval at which read marks are stored, in ms (L27). */
  readonly marksEveryMs: number;
  /** Maximum time for the remaining batches after the signal is aborted, in ms. */
  readonly drainMs: number;
}

export interface Persister {
  /**
   * Copies messages from the log to the store until `signal` is aborted. Then stores and settles the batches that it
   * has read, for at most `drainMs`. Meanwhile completes what the store has of earlier versions. Never rejects: failures
   * are retried for ever.
   */
  run(signal: AbortSignal): Promise<void>;
  /** Reasons why messages can't be stored now, for `/readyz`. Empty if ready. */
  problems(): string[];
}

/** The minimum time between two small batches of a persister that nobody waits for: history reads the log, too. */
export const GATHER_MS = 50;

/** The longest wait is short, because after an outage it delays the whole backlog. An attempt has few messages by then. */
const TIMINGS: Timings = {
  retry: { minMs: 100, maxMs: 1_000 },
  upgradeRetry: { minMs: 1_000, maxMs: 30_000 },
  trimEveryMs: 1_000,
  marksEveryMs: 1_000,
  drainMs: 10_000,
};

/** Creates the core of a persister. It doesn't read the environment. The caller closes the bus and the store. */
export function createPersister(options: PersisterOptions): Persister {
  const {
    consumer,
    marks,
    store,
    storeFormat: format,
    gatherMs,
    observe,
    now = Date.now,
    monotonicNow = () => performance.now(),
  } = options;
  const { retry, upgradeRetry, trimEveryMs, marksEveryMs, drainMs } = { ...TIMINGS, ...options.timings };
  const storeWriter = new StoreWriter(store, observe, retry);
  const batchWriter = new BatchWriter({ storeWriter, consumer, observe });
  const keeping = async (signal: AbortSignal) => {
    if (!options.revocations) return;
    const { known: revocations, store } = options.revocations;
    await runRevocationKeeper({ revocations, store, retry, observe }, signal);
  };
  const carrier = new MarkCarrier({ queue: marks, store, observe });
  const markLoop = { carrier, intervalMs: marksEveryMs, observe, random: Math.random };
  const batchLimit = () => storeWriter.batchLimit;
  const consumeLoop = { consumer, batchWriter, batchLimit, retry, gatherMs, observe, now: monotonicNow };

  return {
    async run(signal) {
      // The log is measured from the start, because a store that is away is when operators need the lag.
      const deps = { consumer, intervalMs: trimEveryMs, observe, now, monotonicNow };
      const trimming = runTrimLoop(deps, signal);
      const consuming = storeWriter
        .prepare({ format }, signal)
        .then(() =>
          Promise.all([
            runConsumeLoop(consumeLoop, signal),
            runUpgrade({ store, retry: upgradeRetry, observe }, signal),
            keeping(signal),
            runMarkLoop(markLoop, signal),
          ]),
        );
      await waitWithDrainLimit(Promise.all([consuming, trimming]), signal, drainMs);
    },
    problems: () => [storeWriter.problem(), consumer.problem()].filter((problem) => problem !== undefined),
  };
}

/**
 * Waits for `work`, but no longer than `drainMs` after the signal is aborted. Messages that aren't settled by then
 * are delivered again, to this or another persister.
 */
async function waitWithDrainLimit(
  work: Promise<unknown>,
  signal: AbortSignal,
  drainMs: number,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    const start = () => {
      timer = setTimeout(resolve, drainMs);
    };
    if (signal.aborted) start();
    else signal.addEventListener("abort", start, { once: true });
  });
  await Promise.race([work, timeout]);
  clearTimeout(timer);
}
