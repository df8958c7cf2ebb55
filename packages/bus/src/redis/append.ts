import { ChatError, type Draft } from "@parley/models";
import type { Append, Appended } from "../append.ts";
import { type CallOutcome, callAppend, type Placed } from "./append-call.ts";
import { AppendQueue, MAX_CALL_BYTES, type Queued } from "./append-queue.ts";
import { pause } from "./backoff.ts";
import { type Link, Refused, reasonOf, unavailable } from "./connection.ts";
import type { Context } from "./context.ts";
import { type Outgoing, outgoing } from "./outgoing.ts";

/**
 * Puts drafts into the log in calls, one under way at a time; what comes meanwhile gathers for the next (L6).
 *
 * A call that gets no answer in time may have been done, may yet be done, or never: its drafts are settled as
 * `unavailable`, nothing is tried again, and its connection is replaced before the next call leaves. A call that
 * lay in the old socket can still run after that. It does no harm: its drafts have no place in the order any more
 * (P13), a retry with the same ref finds its dedupe key or is found by it, and ids go on from the log's own.
 */
interface Waiting extends Queued {
  readonly draft: Outgoing;
  readonly settle: (appended: Appended) => void;
}

const LIMITS = { maxDrafts: 16_384, maxBytes: 32 * 1024 * 1024 };
/** How soon a sender may try again at the bound: spread, so that not all come back at once. */
const RETRY_MS = { least: 1_000, spread: 2_000 };
const PROBE_MS = 1_000;

export class RedisAppend implements Append {
  readonly #context: Context;
  readonly #link: Link;
  readonly #queue = new AppendQueue<Waiting>(LIMITS);
  readonly #closing = new AbortController();
  readonly #probed: Promise<void>;
  #pumping: Promise<void> | undefined;
  #probeDue = false;
  #lastSent = Number.NEGATIVE_INFINITY;
  #trouble: string | undefined = "the log has not been looked at yet";

  constructor(context: Context, link: Link) {
    this.#context = context;
    this.#link = link;
    this.#probed = this.#probe(this.#closing.signal);
  }

  async append(drafts: readonly Draft[]): Promise<readonly Appended[]> {
    return await Promise.all(drafts.map((draft) => this.#submit(draft)));
  }

  problem(): string | undefined {
    return this.#link.problem() ?? this.#trouble;
  }

  /** Settles what waits: each in the time that it had anyway. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#probed;
    await this.#pumping;
  }

  #submit(draft: Draft): Promise<Appended> {
    const item = outgoing(draft);
    if (item.bytes > MAX_CALL_BYTES) return Promise.resolve(failed(new ChatError("content_too_long")));
    if (this.#closing.signal.aborted) return Promise.resolve(failed(unavailable("the bus is closed")));
    return new Promise((settle) => {
      const since = performance.now();
      const kept = this.#queue.push({ draft: item, bytes: item.bytes, since, settle });
      if (!kept) return settle(failed(busy("unavailable")));
      this.#pumping ??= this.#pump();
    });
  }

  /** Sends calls until nothing waits. The first leaves once everything of this moment has been submitted. */
  async #pump(): Promise<void> {
    await Promise.resolve();
    while (this.#queue.size > 0 || this.#probeDue) {
      const connected = await this.#connected();
      this.#expire();
      this.#probeDue = false;
      if (connected) await this.#send(this.#queue.takeCall());
    }
    // In the same step as the look at the queue: whoever comes next starts it again.
    this.#pumping = undefined;
  }

  /** Whether there is a connection, or comes one before the first in line has waited its time. */
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
    const late = this.#queue.takeBefore(performance.now() - this.#context.config.appendWaitMs);
    if (late.length === 0) return;
    const error = unavailable(this.problem() ?? "waited too long");
    for (const { settle } of late) settle(failed(error));
    this.#context.observe({ type: "append", ...NOTHING, drafts: late.length, refused: late.length });
  }

  /** One call, to its end. Never rejects. */
  async #send(waiting: readonly Waiting[]): Promise<void> {
    const started = performance.now();
    this.#lastSent = started;
    const { config, seen } = this.#context;
    const drafts = waiting.map(({ draft }) => draft);
    try {
      const outcome = await this.#link.run((client) => callAppend(client, drafts, seen.greatest, config));
      this.#answered(waiting, outcome, performance.now() - started);
    } catch (error) {
      this.#failed(waiting, error, performance.now() - started);
    }
  }

  #answered(waiting: readonly Waiting[], outcome: CallOutcome, ms: number): void {
    if (outcome.kind === "no-log") {
      this.#trouble = "there is no log in Redis: the persister makes it";
      for (const { settle } of waiting) settle(failed(unavailable(this.#trouble)));
      this.#report(waiting.length, { refused: waiting.length, ms });
      return;
    }
    const refusal = outcome.placed.find((one) => one.kind === "refused");
    this.#trouble = refusal && `Redis refuses to append: ${refusal.reason}`;
    if (outcome.unheard !== "")
      this.#context.observe({ type: "warning", text: `Redis refuses to publish: ${outcome.unheard}` });
    outcome.placed.forEach((one, index) => {
      if ("id" in one) this.#context.seen.raise(one.id);
      waiting[index]?.settle(appendedFrom(one));
    });
    const duplicates = outcome.placed.filter(({ kind }) => kind === "known").length;
    const refused = outcome.placed.filter((one) => !("id" in one)).length;
    this.#report(waiting.length, { duplicates, refused, ms, refs: outcome.remembered });
  }

  #failed(waiting: readonly Waiting[], error: unknown, ms: number): void {
    if (error instanceof Refused) this.#trouble = `Redis refuses to append: ${error.message}`;
    const told = error instanceof ChatError ? error : unavailable(reasonOf(error));
    for (const { settle } of waiting) settle(failed(told));
    this.#report(waiting.length, { unknown: waiting.length, ms });
  }

  #report(drafts: number, counts: Partial<typeof NOTHING> & { readonly refs?: number }): void {
    if (drafts > 0) this.#context.observe({ type: "append", ...NOTHING, drafts, ...counts });
  }

  /** Where no call was sent for a while, sends one without drafts, so that `problem` is true. */
  async #probe(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const connected = await this.#link.ready(signal).catch(() => undefined);
      if (connected && performance.now() - this.#lastSent >= PROBE_MS) {
        this.#probeDue = true;
        this.#pumping ??= this.#pump();
        await this.#pumping;
      }
      await pause(PROBE_MS, signal);
    }
  }
}

const NOTHING = { ms: 0, duplicates: 0, refused: 0, unknown: 0 };

function appendedFrom(placed: Placed): Appended {
  switch (placed.kind) {
    case "added":
    case "known":
      return { ok: true, id: placed.id };
    case "reused":
      return failed(new ChatError("ref_reused"));
    case "full":
      return failed(busy("backlog_full"));
    case "refused":
      return failed(unavailable(placed.reason));
  }
}

function busy(code: "backlog_full" | "unavailable"): ChatError {
  return new ChatError(code, { retryAfterMs: Math.round(RETRY_MS.least + Math.random() * RETRY_MS.spread) });
}

function failed(error: ChatError): Appended {
  return { ok: false, error };
}
