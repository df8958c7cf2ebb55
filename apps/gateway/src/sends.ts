import { performance } from "node:perf_hooks";
import type { Append, Appended } from "@parley/bus";
import { ackFrame, ChatError, type Draft, type ErrorCode, errorFrame } from "@parley/models";
import type { Connection } from "./connection.ts";
import type { Observe } from "./events.ts";
import type { FlushPolicy } from "./flush-policy.ts";
import { textFrame } from "./frame.ts";
import type { Outbox } from "./outbox.ts";
import { WakeUp } from "./wake-up.ts";

/** What a connection is owed an answer for: a draft, or a frame that was refused behind drafts that are under way. */
type Owed =
  | { readonly kind: "draft"; readonly connection: Connection; readonly draft: Draft }
  | { readonly kind: "answer"; readonly connection: Connection; readonly frame: Buffer };

export interface SendsParts {
  readonly append: Append;
  readonly outbox: Outbox<Connection>;
  readonly policy: FlushPolicy;
  readonly observe: Observe;
  /** Unanswered frames at which a connection is read no further. */
  readonly maxUnanswered: number;
  /** A connection that is leaving has nothing owed any more. */
  readonly settled: (connection: Connection) => void;
}

/** As many drafts as a call to the log takes at most (L6): then an ack does not wait for the next call. */
const MAX_GROUP = 128;

/**
 * Puts drafts into the log and answers for them.
 *
 * All connections' drafts of one turn of the event loop go into one call, in the order they came, so those of one
 * connection stay in order (P13). While the outbox rests between passes, what is for everybody gathers a little longer.
 *
 * Answers leave in the order of the calls, and what is refused while drafts of the same connection are under way waits
 * behind them, so a client reads answers in the order it sent. The ack of a public message leaves with its echo.
 */
export class Sends {
  readonly #parts: SendsParts;
  #group: Owed[] = [];
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
    if (this.#group.length >= MAX_GROUP) this.#dispatch();
    else this.#next.within(isPublic(owed) ? this.#parts.policy.gather(performance.now()) : 0);
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
    const drafts: Draft[] = [];
    for (const owed of group) if (owed.kind === "draft") drafts.push(owed.draft);
    const began = performance.now();
    const appended = drafts.length > 0 ? this.#append(drafts) : Promise.resolve([]);
    this.#answered = Promise.all([appended, this.#answered]).then(([results]) => {
      this.#settle(group, results);
      if (drafts.length > 0) this.#report(results, performance.now() - began);
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
      this.#pay(owed.connection, frame, isPublic(owed) ? "with-pass" : "soon");
    }
  }

  #pay(connection: Connection, frame: Buffer | undefined, when: "soon" | "with-pass"): void {
    connection.unanswered -= 1;
    if (connection.phase.kind === "closed") return;
    if (frame) this.#parts.outbox.toOne(connection, frame, when);
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

function isPublic(owed: Owed): boolean {
  return owed.kind === "draft" && owed.draft.to === "";
}

/** P10: an ack only for who gave a ref; P30: an error for everybody. */
function answerTo(draft: Draft, result: Appended | undefined): Buffer | undefined {
  if (!result?.ok) return textFrame(errorFrame(result?.error ?? "unavailable", draft.ref));
  return draft.ref === undefined ? undefined : textFrame(ackFrame(draft.ref, result.id));
}
