import { sleep } from "@parley/async";
import { ChatError, type Draft } from "@parley/models";
import { type Appended, type Appender, MAX_CALL_BYTES } from "../../appender.ts";
import type { Link } from "../connection/link.ts";
import type { Context } from "../context.ts";
import { Refused, reasonOf, unavailable } from "../errors.ts";
import { type Outgoing, outgoing } from "../format/encoded-draft.ts";
import { type CallOutcome, callAppend, type Placed } from "./append-call.ts";
import { AppendQueue, type Queued } from "./append-queue.ts";

interface Waiting extends Queued {
  readonly draft: Outgoing;
  readonly group: Group;
  /** Its place among the results of the group. */
  readonly index: number;
}

/** What was handed in together, and is answered together. */
interface Group {
  readonly results: Appended[];
  left: number;
  readonly settled: (results: readonly Appended[]) => void;
}

const LIMITS = { maxDrafts: 16_384, maxBytes: 32 * 1024 * 1024 };
/** How soon a sender may try again at the bound: spread, so that not all come back at once. */
const RETRY_MS = { least: 1_000, spread: 2_000 };
const PROBE_MS = 1_000;
/** So many keep Redis busy while answers and the next drafts are on their way; more would only be more that is unknown. */
const MAX_UNDER_WAY = 4;

/**
 * Puts drafts into the log in calls. While one is under way what comes gathers for the next; that leaves when the first
 * is answered, or before, over the same connection, when it is full: up to a few are under way then (L6).
 *
 * A call that gets no answer in time may have been done, may yet be done, or never: its drafts are settled as
 * `unavailable`, nothing is tried again, and its connection is replaced before the next call leaves; with it go the
 * calls that left behind it. A call that lay in the old socket can still run after that. It does no harm: its drafts
 * have no place in the order any more (P13), a retry with the same ref finds what is remembered of it or is found by
 * it, and ids go on from the log's own.
 */
export class RedisAppender implements Appender {
  readonly #context: Context;
  readonly #link: Link;
  readonly #queue = new AppendQueue<Waiting>(LIMITS);
  readonly #closing = new AbortController();
  readonly #probed: Promise<void>;
  #pumping: Promise<void> | undefined;
  #underWay = 0;
  /** Resolved when a call has ended, or another may leave. */
  #turn = Promise.withResolvers<void>();
  #probeDue = false;
  #lastSent = Number.NEGATIVE_INFINITY;
  #trouble: string | undefined = "the log has not been looked at yet";

  constructor(context: Context, link: Link) {
    this.#context = context;
    this.#link = link;
    this.#probed = this.#probe(this.#closing.signal);
  }

  append(drafts: readonly Draft[]): Promise<readonly Appended[]> {
    if (drafts.length === 0) return Promise.resolve([]);
    return new Promise((settled) => {
      const group: Group = { results: [], left: drafts.length, settled };
      const since = performance.now();
      drafts.forEach((draft, index) => {
        this.#submit(draft, group, index, since);
      });
    });
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

  #submit(given: Draft, group: Group, index: number, since: number): void {
    const draft = outgoing(given);
    const waiting = { draft, bytes: draft.bytes, since, group, index };
    if (draft.bytes > MAX_CALL_BYTES) settle(waiting, failed(new ChatError("content_too_long")));
    else if (this.#closing.signal.aborted) settle(waiting, failed(unavailable("the bus is closed")));
    else if (!this.#queue.push(waiting)) settle(waiting, failed(busy("unavailable")));
    else {
      this.#pumping ??= this.#pump();
      if (this.#mayLeave) this.#turn.resolve();
    }
  }

  /** Sends calls until nothing waits. The first leaves once everything of this moment has been submitted. */
  async #pump(): Promise<void> {
    await Promise.resolve();
    while (this.#queue.size > 0 || this.#probeDue) {
      const connected = await this.#connected();
      this.#expire();
      this.#probeDue = false;
      if (connected) void this.#send(this.#queue.takeCall());
      while (!this.#mayLeave) {
        this.#turn = Promise.withResolvers();
        await this.#turn.promise;
      }
    }
    // In the same step as the look at the queue: whoever comes next starts it again.
    this.#pumping = undefined;
  }

  /** Whether the next call, if there is one, need not wait for one that is under way (L6). */
  get #mayLeave(): boolean {
    return this.#underWay === 0 || (this.#underWay < MAX_UNDER_WAY && this.#queue.hasFullCall);
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
    for (const one of late) settle(one, failed(error));
    this.#context.observe({ type: "append", ...NOTHING, drafts: late.length, refused: late.length });
  }

  /** One call, to its end. Never rejects. */
  async #send(waiting: readonly Waiting[]): Promise<void> {
    const started = performance.now();
    this.#lastSent = started;
    this.#underWay += 1;
    const { config, seen } = this.#context;
    const drafts = waiting.map(({ draft }) => draft);
    try {
      const outcome = await this.#link.run((client) => callAppend(client, drafts, seen.greatest, config));
      this.#answered(waiting, outcome, performance.now() - started);
    } catch (error) {
      this.#failed(waiting, error, performance.now() - started);
    }
    this.#underWay -= 1;
    this.#turn.resolve();
  }

  #answered(waiting: readonly Waiting[], outcome: CallOutcome, ms: number): void {
    if (outcome.kind === "no-log") {
      this.#trouble = "there is no log in Redis: the persister makes it";
      for (const one of waiting) settle(one, failed(unavailable(this.#trouble)));
      this.#report(waiting.length, { refused: waiting.length, ms });
      return;
    }
    const refusal = outcome.placed.find((one) => one.kind === "refused");
    this.#trouble = refusal && `Redis refuses to append: ${refusal.reason}`;
    if (outcome.unheard !== "")
      this.#context.observe({ type: "warning", text: `Redis refuses to publish: ${outcome.unheard}` });
    let [duplicates, refused] = [0, 0];
    outcome.placed.forEach((placed, index) => {
      if (placed.kind === "known") duplicates += 1;
      if ("id" in placed) this.#context.seen.raise(placed.id);
      else refused += 1;
      const one = waiting[index];
      if (one) settle(one, appendedFrom(placed));
    });
    this.#report(waiting.length, { duplicates, refused, ms, refs: outcome.remembered });
  }

  #failed(waiting: readonly Waiting[], error: unknown, ms: number): void {
    if (error instanceof Refused) this.#trouble = `Redis refuses to append: ${error.message}`;
    const told = error instanceof ChatError ? error : unavailable(reasonOf(error));
    for (const one of waiting) settle(one, failed(told));
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
      await sleep(PROBE_MS, signal);
    }
  }
}

const NOTHING = { ms: 0, duplicates: 0, refused: 0, unknown: 0 };

function settle({ group, index }: Waiting, appended: Appended): void {
  group.results[index] = appended;
  group.left -= 1;
  if (group.left === 0) group.settled(group.results);
}

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
