import { type BackoffLimits, backoffMs, sleep } from "@parley/async";
import type { Consumed, Consumer, Settled } from "@parley/bus";
import { isChange } from "@parley/models";
import type { Observe, OutcomeCounts } from "../events.ts";
import { tryLogStep } from "../log-step.ts";
import type { BatchWriter } from "../storing/batch-writer.ts";

export interface ConsumeLoopDeps {
  readonly consumer: Pick<Consumer, "next" | "settle">;
  readonly batchWriter: BatchWriter;
  /** Returns the maximum number of messages of the next batch. */
  readonly batchLimit: () => number;
  readonly retry: BackoffLimits;
  /** Minimum time between two small batches, in ms. */
  readonly gatherMs: number;
  readonly observe: Observe;
  /** A monotonic clock in ms. */
  readonly now: () => number;
}

/** A batch of at least this share of the limit means that more messages wait in the log: the next one is read ahead. */
const READ_AHEAD_FROM = 1 / 2;

/**
 * Copies batches from the log to the store until `signal` is aborted. Then finishes the batches that it has read.
 *
 * A batch has as many messages as the store manages at once. Batches are stored one at a time. While a large batch is
 * stored, the next one is read: one batch ahead and never more, so a slow store slows down the reading (G5). After a small
 * batch nothing is read ahead, and the next one begins `gatherMs` after it at the earliest. Meanwhile messages collect in
 * the log: a store's work is mostly for the batch, not for its messages. History reads from the log what isn't stored.
 */
export async function runConsumeLoop(
  { consumer, batchWriter, batchLimit, retry, gatherMs, observe, now }: ConsumeLoopDeps,
  signal: AbortSignal,
): Promise<void> {
  let ahead: Promise<readonly Consumed[] | undefined> | undefined;
  for (let failures = 0; ahead || !signal.aborted; ) {
    const batch = await (ahead ?? next());
    const isLarge = batch !== undefined && batch.length >= batchLimit() * READ_AHEAD_FROM;
    ahead = isLarge && !signal.aborted ? next() : undefined;
    failures = batch ? 0 : failures + 1;
    if (batch) await store(batch, isLarge ? 0 : gatherMs);
    else await sleep(backoffMs(failures, retry), signal);
  }

  function next(): Promise<readonly Consumed[] | undefined> {
    return tryLogStep(observe, "next", () => consumer.next(signal, batchLimit()).catch(emptyIfAborted));
  }

  /** Returns an empty batch if `next` rejected because the signal was aborted, because this isn't a failure. */
  function emptyIfAborted(error: unknown): readonly Consumed[] {
    if (!signal.aborted) throw error;
    return [];
  }

  /** Takes at least `leastMs`. */
  async function store(batch: readonly Consumed[], leastMs: number): Promise<void> {
    const startedAt = now();
    for await (const settled of batchWriter.write(batch, signal)) await settle(settled);
    await rest(startedAt + leastMs - now(), signal);
  }

  /** Reports the outcomes of messages to the log. If this fails, the log delivers the same messages again. */
  async function settle(settled: readonly Settled[]): Promise<void> {
    await tryLogStep(observe, "settle", async () => {
      await consumer.settle(settled);
      const changes = settled.filter(({ entry }) => isChange(entry));
      const messages = settled.filter(({ entry }) => !isChange(entry));
      observe({ type: "settled", messages: countOutcomes(messages), changes: countOutcomes(changes) });
    });
  }
}

async function rest(ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0) await sleep(ms, signal);
}

function countOutcomes(settled: readonly Settled[]): OutcomeCounts {
  const counts: Record<string, number> = {};
  for (const { outcome } of settled) counts[outcome.kind] = (counts[outcome.kind] ?? 0) + 1;
  return counts;
}
