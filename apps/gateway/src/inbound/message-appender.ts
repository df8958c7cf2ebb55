import { performance } from "node:perf_hooks";
import { type Appended, type Appender, MAX_CALL_BYTES, MAX_CALL_DRAFTS } from "@parley/bus";
import { ackFrame, ChatError, type Draft, type ErrorCode, errorFrame } from "@parley/models";
import type { Connection } from "../connection/connection.ts";
import type { Observe } from "../events.ts";
import type { FlushPolicy } from "../outbound/flush-policy.ts";
import { textFrame } from "../outbound/text-frame.ts";
import { WakeUp } from "../outbound/coalescing-timer.ts";
import type { Outbox } from "../outbound/write-scheduler.ts";

/** What a connection is owed an answer for: a draft, or a frame that was refused behind drafts that are under way. */
type Owed =
  | { readonly kind: "draft"; readonly connection: Connection; readonly draft: Draft }
  | { readonly kind: "answer"; readonly connection: Connection; readonly frame: Buffer };

export interface SendsParts {
  readonly append: Appender;
  readonly outbox: Outbox<Connection>;
  readonly policy: FlushPolicy;
  readonly observe: Observe;
  /** Unanswered frames at which a connection is read no further. */
  readonly maxUnanswered: number;
  /** A connection that is leaving has nothing owed any more. */
  readonly settled: (connection: Connection) => void;
}

/**
 * Puts drafts into the log and answers for them.
 *
 * All connections' drafts of one turn of the event loop go into one call, in the order they came, so those of one
 * connection stay in order (P13). While the outbox rests between passes, what is for everybody gathers for longer, as
 * long as it would be heard no later.
 *
 * Answers leave in the order of the calls, and what is refused while drafts of the same connection are under way waits
 * behind them, so a client reads answers in the order it sent.
 */
export class Sends {
  readonly #parts: SendsParts;
  #group: Owed[] = [];
  /** Characters of the contents in it: as many bytes at least. */
  #length = 0;
  /** What the last call to the log took. Nothing gathers before that is known. */
  #logMs = Number.POSITIVE_INFINITY;
  readonly #next = new WakeUp(() => this.#dispatch());
  #answered: Promise<void> = Promise.resolve();

  constructor(parts: SendsParts) {
    this.#parts = parts;
  }

  send(connection: Connection, draft: Draft): void {
    this.#owe({ kind: "draft", connection, draft });
  }

  /** Answers at once, or behind the answers that the connection still waits for. */
  answer(connection: Connection, text: string): void {
    const frame = textFrame(text);
    if (connection.unanswered === 0) this.#parts.outbox.toOne(connection, frame);
    else this.#owe({ kind: "answer", connection, frame });
  }

  /** Resolves when everything accepted so far has been answered for. */
  async idle(): Promise<void> {
    if (this.#group.length > 0) this.#dispatch();
    await this.#answered;
  }

  #owe(owed: Owed): void {
    const { connection } = owed;
    connection.unanswered += 1;
    if (connection.unanswered === this.#parts.maxUnanswered) this.#holdBack(connection);
    this.#group.push(owed);
    if (owed.kind === "draft") this.#length += owed.draft.content.length;
    // No more than one call takes: then an ack does not wait for the next call.
    if (this.#group.length >= MAX_CALL_DRAFTS || this.#length >= MAX_CALL_BYTES) this.#dispatch();
    else this.#next.within(this.#gatherMs(owed));
  }

  /** Only what is for everybody may wait for more, and not where its connection is held back until it is answered. */
  #gatherMs(owed: Owed): number {
    const mayWait = owed.kind === "draft" && owed.draft.to === "" && !owed.connection.ws.isPaused;
    return mayWait ? this.#parts.policy.gather(performance.now(), this.#logMs) : 0;
  }

  #holdBack(connection: Connection): void {
    connection.ws.pause();
    this.#parts.observe({
      type: "held-back",
      connection: connection.id,
      unanswered: connection.unanswered,
    });
  }

  #dispatch(): void {
    this.#next.cancel();
    const group = this.#group;
    this.#group = [];
    this.#length = 0;
    const drafts: Draft[] = [];
    for (const owed of group) if (owed.kind === "draft") drafts.push(owed.draft);
    const began = performance.now();
    const appended = drafts.length > 0 ? this.#append(drafts) : Promise.resolve([]);
    this.#answered = Promise.all([appended, this.#answered]).then(([results]) => {
      this.#settle(group, results);
      if (drafts.length === 0) return;
      this.#logMs = performance.now() - began;
      this.#report(results, this.#logMs);
    });
  }

  /** By its contract it never rejects; if it did, the outcome would be unknown (P31). */
  async #append(drafts: readonly Draft[]): Promise<readonly Appended[]> {
    try {
      return await this.#parts.append.append(drafts);
    } catch (error) {
      const unknown = new ChatError("unavailable", { cause: error });
      return drafts.map(() => ({ ok: false, error: unknown }));
    }
  }

  #settle(group: readonly Owed[], results: readonly Appended[]): void {
    let next = 0;
    for (const owed of group) {
      const frame = owed.kind === "draft" ? answerTo(owed.draft, results[next++]) : owed.frame;
      this.#pay(owed.connection, frame);
    }
  }

  #pay(connection: Connection, frame: Buffer | undefined): void {
    connection.unanswered -= 1;
    if (connection.phase.kind === "closed") return;
    if (frame) this.#parts.outbox.toOne(connection, frame);
    if (connection.phase.kind === "leaving") {
      if (connection.unanswered === 0) this.#parts.settled(connection);
    } else if (connection.ws.isPaused && connection.unanswered <= this.#parts.maxUnanswered / 2) {
      connection.ws.resume();
    }
  }

  #report(results: readonly Appended[], ms: number): void {
    let accepted = 0;
    const failed: Partial<Record<ErrorCode, number>> = {};
    for (const result of results) {
      if (result.ok) accepted += 1;
      else failed[result.error.code] = (failed[result.error.code] ?? 0) + 1;
    }
    this.#parts.observe({ type: "sent", accepted, failed, ms });
  }
}

/** P10: an ack only for who gave a ref; P30: an error for everybody. */
function answerTo(draft: Draft, result: Appended | undefined): Buffer | undefined {
  if (!result?.ok) return textFrame(errorFrame(result?.error ?? "unavailable", draft.ref));
  return draft.ref === undefined ? undefined : textFrame(ackFrame(draft.ref, result.id));
}
