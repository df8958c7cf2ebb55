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
  readonly observe: Observe;
}

/** A batch of at least this share of the limit means that more messages wait in the log: the next one is read ahead. */
const READ_AHEAD_FROM = 1 / 2;

/**
 * Copies batches from the log to the store until `signal` is aborted. Then finishes the batches that it has read.
 *
 * A batch has as many messages as the store manages at once. Batches are stored one at a time. While a large batch is stored, the next one is read: one batch ahead and never
 * more, so a slow store slows down the reading (G5). After a small batch nothing is read ahead, so that more messages
 * can collect in the log while the store is busy.
 */
export async function runConsumeLoop(
  { consumer, batchWriter, batchLimit, retry, observe }: ConsumeLoopDeps,
  signal: AbortSignal,
): Promise<void> {
  let ahead: Promise<readonly Consumed[] | undefined> | undefined;
  for (let failures = 0; ahead || !signal.aborted; ) {
    const batch = await (ahead ?? next());
    const isLarge = batch !== undefined && batch.length >= batchLimit() * READ_AHEAD_FROM;
    ahead = isLarge && !signal.aborted ? next() : undefined;
    failures = batch ? 0 : failures + 1;
    if (batch) await store(batch);
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

  async function store(batch: readonly Consumed[]): Promise<void> {
    for await (const settled of batchWriter.write(batch, signal)) await settle(settled);
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

function countOutcomes(settled: readonly Settled[]): OutcomeCounts {
  const counts: Record<string, number> = {};
  for (const { outcome } of settled) counts[outcome.kind] = (counts[outcome.kind] ?? 0) + 1;
  return counts;
}
