import { performance } from "node:perf_hooks";
import { type Appended, type Appender, MAX_CALL_BYTES, MAX_CALL_DRAFTS } from "@parley/bus";
import { ackFrame, ChatError, type Draft, type ErrorCode, errorFrame } from "@parley/models";
import { type Connection, PAUSE } from "../connection/connection.ts";
import type { Observe } from "../events.ts";
import { CoalescingTimer } from "../outbound/coalescing-timer.ts";
import type { DeliveryTimer } from "../outbound/delivery-timer.ts";
import type { FlushPolicy } from "../outbound/flush-policy.ts";
import { textFrame } from "../outbound/text-frame.ts";
import type { WriteScheduler } from "../outbound/write-scheduler.ts";

/**
 * One answer that a client waits for. The answer to a draft of a connection or of a request depends on the log's
 * result. A reply is ready, but must not overtake the answers to earlier drafts.
 */
type BatchItem =
  | {
      readonly kind: "draft";
      readonly connection: Connection;
      readonly draft: Draft;
      /** When the frame's bytes came (steady clock, ms). */
      readonly frameAt: number;
    }
  | {
      readonly kind: "request";
      readonly draft: Draft;
      readonly frameAt: number;
      readonly settle: (result: Appended) => void;
    }
  | { readonly kind: "reply"; readonly connection: Connection; readonly frame: Buffer };

export interface MessageAppenderDeps {
  readonly appender: Appender;
  readonly writeScheduler: WriteScheduler<Connection>;
  readonly flushPolicy: FlushPolicy;
  readonly deliveryTimer: Pick<DeliveryTimer, "accepted">;
  readonly observe: Observe;
  /** Time from one batch to the next, at least, in ms. Drafts that come meanwhile share a batch. */
  readonly batchIntervalMs: number;
  /** Unanswered frames at which the gateway stops reading from a connection (G5). */
  readonly maxUnanswered: number;
  /** Called when a leaving connection has its last answer. */
  readonly onAllAnswered: (connection: Connection) => void;
}

/**
 * Appends drafts to the log in batches, and answers with acks and errors.
 *
 * A batch holds drafts of all connections, in the order they came. So the drafts of one connection stay in order (P13).
 * A batch leaves at the end of the turn of the event loop, or later if the last one left less than `batchIntervalMs` ago:
 * a batch costs far more than a draft in it. While the write scheduler rests between passes, a batch gathers public drafts
 * for longer, but never so long that clients get the messages later.
 *
 * Answers leave in the order of the batches. A reply to a connection with unanswered drafts is sent after their
 * answers. So a client gets its answers in the order of its frames (P13).
 */
export class MessageAppender {
  readonly #deps: MessageAppenderDeps;
  #batch: BatchItem[] = [];
  /** Sum of the lengths of content and `meta` in UTF-16 units, a lower bound of their size in bytes. */
  #batchLength = 0;
  /** Duration of the last call to the log. Until the first call has been answered, drafts aren't delayed. */
  #logMs = Number.POSITIVE_INFINITY;
  readonly #timer = new CoalescingTimer(() => this.#dispatch());
  /** When the last batch left. */
  #dispatchedAt = Number.NEGATIVE_INFINITY;
  /** Resolves when every batch sent so far has been answered. */
  #answered: Promise<void> = Promise.resolve();

  constructor(deps: MessageAppenderDeps) {
    this.#deps = deps;
  }

  append(connection: Connection, draft: Draft): void {
    this.#enqueueFor(connection, { kind: "draft", connection, draft, frameAt: connection.activeAt });
  }

  /** Appends the draft of an HTTP request, in the same batches. Resolves with its result and never rejects (P62). */
  appendRequest(draft: Draft): Promise<Appended> {
    const { promise, resolve } = Promise.withResolvers<Appended>();
    this.#enqueue({ kind: "request", draft, frameAt: performance.now(), settle: resolve });
    return promise;
  }

  /** Sends a reply at once, or after the answers that the connection still waits for. */
  reply(connection: Connection, text: string): void {
    const frame = textFrame(text);
    if (connection.unanswered === 0) this.#deps.writeScheduler.sendTo(connection, frame);
    else this.#enqueueFor(connection, { kind: "reply", connection, frame });
  }

  /** Sends the current batch to the log. Resolves when everything accepted so far has been answered. */
  async flush(): Promise<void> {
    if (this.#batch.length > 0) this.#dispatch();
    await this.#answered;
  }

  #enqueueFor(connection: Connection, item: BatchItem): void {
    connection.addUnanswered();
    if (connection.unanswered === this.#deps.maxUnanswered) this.#holdBack(connection);
    this.#enqueue(item);
  }

  #enqueue(item: BatchItem): void {
    this.#batch.push(item);
    if (item.kind !== "reply") this.#batchLength += lengthOf(item.draft);
    // A batch never exceeds one call to the log: each ack waits for the whole batch, so it would wait for a second
    // call too.
    if (this.#batch.length >= MAX_CALL_DRAFTS || this.#batchLength >= MAX_CALL_BYTES) this.#dispatch();
    else this.#timer.schedule(this.#gatherDelay(item));
  }

  /**
   * Returns how long to wait for more drafts, in ms. Only a public draft may wait for the rest between passes, and not
   * while reading from its connection is paused, because the pause may last until the drafts are answered. The interval
   * is rounded to whole ms, as timers are: a wait below 1 ms would otherwise end at once.
   */
  #gatherDelay(item: BatchItem): number {
    const isPaused = item.kind === "draft" && item.connection.isReadingPaused;
    const mayRest = item.kind !== "reply" && item.draft.to === "" && !isPaused;
    const now = performance.now();
    const untilNext = Math.round(this.#dispatchedAt + this.#deps.batchIntervalMs - now);
    return mayRest ? Math.max(untilNext, this.#deps.flushPolicy.gatherDelay(now, this.#logMs)) : untilNext;
  }

  /** Backpressure: pauses reading from a client that sends faster than the log answers. */
  #holdBack(connection: Connection): void {
    connection.pauseReading(PAUSE.unanswered);
    this.#deps.observe({
      type: "held-back",
      connection: connection.id,
      unanswered: connection.unanswered,
    });
  }

  #dispatch(): void {
    this.#timer.cancel();
    const batch = this.#batch;
    this.#batch = [];
    this.#batchLength = 0;
    const drafts: Draft[] = [];
    for (const item of batch) if (item.kind !== "reply") drafts.push(item.draft);
    const startedAt = performance.now();
    this.#dispatchedAt = startedAt;
    const appended = drafts.length > 0 ? this.#appendDrafts(drafts) : Promise.resolve([]);
    this.#answered = Promise.all([appended, this.#answered]).then(([results]) => {
      this.#answerBatch(batch, results);
      if (drafts.length === 0) return;
      const now = performance.now();
      this.#logMs = now - startedAt;
      this.#report(batch, results, now);
    });
  }

  /**
   * An `Appender` never rejects. If it did, the outcome would be unknown, so the answer would be `unavailable` (P31).
   */
  async #appendDrafts(drafts: readonly Draft[]): Promise<readonly Appended[]> {
    try {
      return await this.#deps.appender.append(drafts);
    } catch (error) {
      const unknown = new ChatError("unavailable", { cause: error });
      return drafts.map(() => ({ ok: false, error: unknown }));
    }
  }

  #answerBatch(batch: readonly BatchItem[], results: readonly Appended[]): void {
    let next = 0;
    for (const item of batch) {
      if (item.kind === "request") item.settle(results[next++] ?? unknownResult());
      else if (item.kind === "reply") this.#answer(item.connection, item.frame);
      else this.#answer(item.connection, answerTo(item.draft, results[next++]));
    }
  }

  #answer(connection: Connection, frame: Buffer | undefined): void {
    connection.removeUnanswered();
    const { kind } = connection.state;
    if (kind === "closed") return;
    if (frame) this.#deps.writeScheduler.sendAck(connection, frame);
    if (kind === "leaving") {
      if (connection.unanswered === 0) this.#deps.onAllAnswered(connection);
    } else if (connection.isReadingPaused && connection.unanswered <= this.#deps.maxUnanswered / 2) {
      connection.resumeReading(PAUSE.unanswered);
    }
  }

  #report(batch: readonly BatchItem[], results: readonly Appended[], now: number): void {
    const { deliveryTimer, observe } = this.#deps;
    const ackMs: number[] = [];
    const failed: Partial<Record<ErrorCode, number>> = {};
    let next = 0;
    for (const item of batch) {
      const result = item.kind === "reply" ? undefined : results[next++];
      if (item.kind === "reply" || !result) continue;
      if (!result.ok) failed[result.error.code] = (failed[result.error.code] ?? 0) + 1;
      else {
        if (ackMs.length === 0) deliveryTimer.accepted(item.draft.to === "", result.id, item.frameAt);
        ackMs.push(now - item.frameAt);
      }
    }
    observe({ type: "sent", ackMs, failed, ms: this.#logMs });
  }
}

/** The result of a draft for which the log has none: its outcome is unknown (P31). */
function unknownResult(): Appended {
  return { ok: false, error: new ChatError("unavailable") };
}

/** Every failed draft gets an error (P30). A successful one gets an ack only if it has a ref (P10). */
function answerTo(draft: Draft, result: Appended | undefined): Buffer | undefined {
  if (!result?.ok) return textFrame(errorFrame(result?.error ?? "unavailable", draft.ref));
  return draft.ref === undefined ? undefined : textFrame(ackFrame(draft.ref, result.id));
}

function lengthOf({ content, meta = "" }: Draft): number {
  return content.length + meta.length;
}
