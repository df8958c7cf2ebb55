import { sleep } from "@parley/async";
import { ChatError, type EntryDraft, isChange } from "@parley/models";
import { type Appended, type Appender, MAX_CALL_BYTES } from "../../appender.ts";
import type { Link } from "../connection/link.ts";
import type { Context } from "../context.ts";
import { RefusedError, reasonOf, unavailable } from "../errors.ts";
import { type EncodedDraft, encodeDraft } from "../format/encoded-draft.ts";
import { STALE } from "../revocations/known-revocations.ts";
import { type CallResult, callAppend, type DraftResult } from "./append-call.ts";
import { AppendQueue, type QueueItem } from "./append-queue.ts";

interface QueuedDraft extends QueueItem {
  readonly draft: EncodedDraft;
  readonly request: AppendRequest;
  /** The index of the draft in its request. */
  readonly index: number;
}

/** One call of `append`. It resolves when all its drafts have a result. */
interface AppendRequest {
  readonly results: Appended[];
  unsettled: number;
  readonly resolve: (results: readonly Appended[]) => void;
}

const QUEUE_LIMITS = { maxDrafts: 16_384, maxBytes: 32 * 1024 * 1024 };
/** The wait before a sender retries after a full queue or backlog. Random, so that senders don't all retry at once. */
const RETRY_MS = { least: 1_000, spread: 2_000 };
/**
 * An idle appender sends a call without drafts at least every second such interval. The log ages refs at the pace of
 * these calls (L5).
 */
export const PROBE_MS = 1_000;
/**
 * Enough calls in flight to keep Redis busy while answers and new drafts are on their way. More calls would leave more
 * outcomes unknown after a failure.
 */
const MAX_IN_FLIGHT = 4;

/**
 * Appends drafts to the log in calls. While a call is in flight, new drafts wait and share the next call. The next call
 * is sent on the same connection when all calls in flight are answered, or earlier if it is full (L6).
 *
 * If a call isn't answered in time, its outcome is unknown: Redis may have run it, may still run it, or may never run
 * it. So its drafts become `unavailable`, and nothing is retried. The connection is replaced before the next call. This
 * makes the outcomes of the other calls in flight unknown too.
 *
 * Redis may still run a call that it received over the old connection. This does no harm. Order isn't promised for
 * drafts whose outcome was unknown (P13). If the sender retries with the same ref, the log keeps one of the two
 * messages, whichever runs first. And new ids are always greater than the log's last id.
 */
export class RedisAppender implements Appender {
  readonly #context: Context;
  readonly #link: Link;
  readonly #queue = new AppendQueue<QueuedDraft>(QUEUE_LIMITS);
  readonly #closing = new AbortController();
  readonly #probing: Promise<void>;
  #pumping: Promise<void> | undefined;
  #inFlight = 0;
  /** Resolves when a call ends, or when a new draft has made the next call full, so that it may be sent. */
  #wakeUp = Promise.withResolvers<void>();
  #isProbeDue = false;
  #lastSentAt = Number.NEGATIVE_INFINITY;
  #problem: string | undefined = "the log hasn't been checked yet";

  constructor(context: Context, link: Link) {
    this.#context = context;
    this.#link = link;
    this.#probing = this.#probe(this.#closing.signal);
  }

  append(drafts: readonly EntryDraft[]): Promise<readonly Appended[]> {
    if (drafts.length === 0) return Promise.resolve([]);
    return new Promise((resolve) => {
      const request: AppendRequest = { results: [], unsettled: drafts.length, resolve };
      const queuedAt = performance.now();
      drafts.forEach((draft, index) => {
        this.#submit(draft, request, index, queuedAt);
      });
    });
  }

  problem(): string | undefined {
    return this.#link.problem() ?? this.#problem;
  }

  /** Resolves when all waiting drafts have their results. The usual timeouts apply to them. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#probing;
    await this.#pumping;
  }

  #submit(draft: EntryDraft, request: AppendRequest, index: number, queuedAt: number): void {
    // The caller has seen the message, so the change gets a greater id even if the log has lost the message (L28).
    if (isChange(draft)) this.#context.highestId.raise(draft.id);
    const encoded = encodeDraft(draft, this.#context.names);
    const queued = { draft: encoded, sender: draft.from, bytes: encoded.bytes, queuedAt, request, index };
    if (encoded.bytes > MAX_CALL_BYTES) settle(queued, failed(new ChatError("content_too_long")));
    else if (this.#closing.signal.aborted) settle(queued, failed(unavailable("the bus is closed")));
    else this.#enqueue(queued);
  }

  #enqueue(queued: QueuedDraft): void {
    const pushed = this.#queue.push(queued);
    if (pushed === "queued") {
      this.#pumping ??= this.#pump();
      if (this.#maySend) this.#wakeUp.resolve();
      return;
    }
    if (pushed === "over-share") this.#context.observe({ type: "over-share", of: "queue", drafts: 1 });
    settle(queued, failed(retryLater("unavailable")));
  }

  /** Sends calls until the queue is empty. First waits a microtask, so that drafts appended together share a call. */
  async #pump(): Promise<void> {
    await Promise.resolve();
    while (this.#queue.entries > 0 || this.#isProbeDue) {
      const isConnected = await this.#connected();
      this.#expire();
      this.#isProbeDue = false;
      if (isConnected) void this.#send(this.#queue.takeCall());
      while (!this.#maySend) {
        this.#wakeUp = Promise.withResolvers();
        await this.#wakeUp.promise;
      }
    }
    // No await between the loop's last check and this line: a draft added in between would stay in the queue unsent.
    this.#pumping = undefined;
  }

  /** True if the next call may be sent now, without waiting until a call in flight is answered (L6). */
  get #maySend(): boolean {
    return this.#inFlight === 0 || (this.#inFlight < MAX_IN_FLIGHT && this.#queue.hasFullCall);
  }

  /** Resolves with true once there is a connection, and with false if the first draft has waited too long. */
  async #connected(): Promise<boolean> {
    if (this.#link.client) return true;
    const left = (this.#queue.oldest ?? 0) + this.#context.config.appendWaitMs - performance.now();
    const deadline = AbortSignal.timeout(Math.max(1, Math.ceil(left)));
    return await this.#link.ready(deadline).then(
      () => true,
      () => false,
    );
  }

  #expire(): void {
    const expired = this.#queue.takeBefore(performance.now() - this.#context.config.appendWaitMs);
    if (expired.length === 0) return;
    const error = unavailable(this.problem() ?? "the draft waited too long for a call");
    for (const queued of expired) settle(queued, failed(error));
    this.#context.observe({ type: "append", ...NOTHING, drafts: expired.length, refused: expired.length });
  }

  /** Sends one call and settles its drafts. Never rejects. */
  async #send(call: readonly QueuedDraft[]): Promise<void> {
    if (call.length > 0 && this.#context.revocations.isStale) return this.#refuseStale(call);
    const started = performance.now();
    this.#lastSentAt = started;
    this.#inFlight += 1;
    const { config, highestId, names } = this.#context;
    const drafts = call.map(({ draft }) => draft);
    try {
      const result = await this.#link.run((client) =>
        callAppend(client, drafts, highestId.value, config, names),
      );
      this.#settleAnswered(call, result, performance.now() - started);
    } catch (error) {
      this.#settleUnknown(call, error, performance.now() - started);
    }
    this.#inFlight -= 1;
    this.#wakeUp.resolve();
  }

  /** Refuses drafts of connections whose tokens may have been revoked while this process was frozen (L26). */
  #refuseStale(call: readonly QueuedDraft[]): void {
    for (const queued of call) settle(queued, failed(unavailable(STALE)));
    this.#report(call.length, { refused: call.length });
  }

  #settleAnswered(call: readonly QueuedDraft[], result: CallResult, ms: number): void {
    if (result.kind === "no-log") {
      this.#problem =
        "there is no log in Redis that this version can use: a persister creates it when it starts";
      for (const queued of call) settle(queued, failed(unavailable(this.#problem)));
      this.#report(call.length, { refused: call.length, ms });
      return;
    }
    const refusal = result.results.find((draftResult) => draftResult.kind === "refused");
    this.#problem = refusal && `Redis refuses to append: ${refusal.reason}`;
    if (result.publishError !== "")
      this.#context.observe({ type: "warning", text: `Redis refuses to publish: ${result.publishError}` });
    let [duplicates, refused] = [0, 0];
    const overShare = { backlog: 0, refs: 0 };
    result.results.forEach((draftResult, index) => {
      if (draftResult.kind === "duplicate") duplicates += 1;
      if (draftResult.kind === "over-share") overShare[draftResult.of] += 1;
      if ("id" in draftResult) this.#context.highestId.raise(draftResult.id);
      else refused += 1;
      const queued = call[index];
      if (queued) settle(queued, appendedFrom(draftResult));
    });
    this.#report(call.length, { duplicates, refused, ms, refs: result.refs });
    for (const bound of ["backlog", "refs"] as const)
      if (overShare[bound] > 0)
        this.#context.observe({ type: "over-share", of: bound, drafts: overShare[bound] });
  }

  #settleUnknown(call: readonly QueuedDraft[], error: unknown, ms: number): void {
    if (error instanceof RefusedError) this.#problem = `Redis refuses to append: ${error.message}`;
    const chatError = error instanceof ChatError ? error : unavailable(reasonOf(error));
    for (const queued of call) settle(queued, failed(chatError));
    this.#report(call.length, { unknown: call.length, ms });
  }

  #report(drafts: number, counts: Partial<typeof NOTHING> & { readonly refs?: number }): void {
    if (drafts > 0) this.#context.observe({ type: "append", ...NOTHING, drafts, ...counts });
  }

  /**
   * Sends a call without drafts if no call was sent for a while, so that `problem` stays up to date and refs are
   * forgotten.
   */
  async #probe(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const client = await this.#link.ready(signal).catch(() => undefined);
      if (client && performance.now() - this.#lastSentAt >= PROBE_MS) {
        this.#isProbeDue = true;
        this.#pumping ??= this.#pump();
        await this.#pumping;
      }
      await sleep(PROBE_MS, signal);
    }
  }
}

const NOTHING = { ms: 0, duplicates: 0, refused: 0, unknown: 0 };

function settle({ request, index }: QueuedDraft, appended: Appended): void {
  request.results[index] = appended;
  request.unsettled -= 1;
  if (request.unsettled === 0) request.resolve(request.results);
}

function appendedFrom(result: DraftResult): Appended {
  switch (result.kind) {
    case "added":
    case "duplicate":
      return { ok: true, id: result.id };
    case "ref-reused":
      return failed(new ChatError("ref_reused"));
    case "not-enabled":
      return failed(new ChatError("not_enabled"));
    case "backlog-full":
    case "over-share":
      return failed(retryLater("backlog_full"));
    case "refused":
      return failed(unavailable(result.reason));
  }
}

function retryLater(code: "backlog_full" | "unavailable"): ChatError {
  return new ChatError(code, { retryAfterMs: Math.round(RETRY_MS.least + Math.random() * RETRY_MS.spread) });
}

function failed(error: ChatError): Appended {
  return { ok: false, error };
}
