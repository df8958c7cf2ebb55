import { randomUUID } from "node:crypto";
import { Backoff, sleep } from "@parley/async";
import { ChatError, type LogMessage } from "@parley/models";
import type { Consumed, Consumer, LogState, Settled } from "../../consumer.ts";
import { reappend } from "../append/reappend.ts";
import type { Link } from "../connection/link.ts";
import type { Context } from "../context.ts";
import { Refused, reasonOf, unavailable } from "../errors.ts";
import { GROUP, LOG } from "../format/keys.ts";
import { streamIdOf } from "../format/stream-id.ts";
import { ensureLog } from "../log/ensure-log.ts";
import { Trimmer } from "../retention/trimmer.ts";
import { RedisDeadLetters } from "./dead-letters.ts";
import { HOLD_AT_MOST_MS, Triage } from "./entry-sorter.ts";
import { BATCH, BLOCK_MS, Intake, type Taken } from "./group-reader.ts";
import { Holding } from "./in-flight.ts";

const COMMAND_TIMEOUT_MS = 5_000;
/** The store is asked how far it is. */
const SETUP_TIMEOUT_MS = 20_000;
const NOTHING: Taken = { entries: [], deliveries: [], gone: [] };

/**
 * One consumer of the group (L10–L13).
 *
 * Redis knows who holds what, and hands on what somebody has let lie for `claimIdleMs`. So that a slow store is not
 * taken for a dead consumer, what was given out and is not settled is held on to, for a minute at most; then it may
 * be taken over, and is given out again. What is done twice on the way is stored already the second time.
 */
export class RedisConsumer implements Consumer {
  readonly acknowledged = true;
  readonly deadLetters: RedisDeadLetters;
  readonly #context: Context;
  readonly #link: Link;
  readonly #reader: Link;
  readonly #intake: Intake;
  readonly #holding: Holding;
  readonly #triage: Triage;
  readonly #trimming: Trimmer;
  readonly #closing = new AbortController();
  readonly #kept: Promise<void>;
  #newIsNext = false;
  /** What Redis refused last, until a turn goes well. */
  #trouble: string | undefined;

  constructor(context: Context, { lastStored }: { readonly lastStored: () => Promise<string> }) {
    const { config, observe, highestId } = context;
    this.#context = context;
    this.#link = context.connect({
      role: "consume",
      commandTimeoutMs: COMMAND_TIMEOUT_MS,
      setupTimeoutMs: SETUP_TIMEOUT_MS,
      prepare: (client) => ensureLog(client, lastStored, observe),
    });
    this.#reader = context.connect({ role: "read", commandTimeoutMs: BLOCK_MS + COMMAND_TIMEOUT_MS });
    this.#intake = new Intake(this.#link, this.#reader, randomUUID(), config.claimIdleMs);
    this.#holding = new Holding({ first: 250, cap: config.claimIdleMs / 2 });
    this.deadLetters = new RedisDeadLetters(this.#link, highestId, observe);
    this.#triage = new Triage(this.#holding, this.deadLetters, observe);
    this.#trimming = new Trimmer(this.#link, config, observe);
    this.#kept = this.#keep(this.#closing.signal);
  }

  async next(signal: AbortSignal): Promise<readonly Consumed[]> {
    const backoff = new Backoff({ minMs: 50, maxMs: 2_000 });
    while (!signal.aborted) {
      try {
        const consumed = await this.#some(signal);
        this.#trouble = undefined;
        if (consumed.length > 0) return consumed;
        backoff.reset();
      } catch (error) {
        if (signal.aborted) break;
        if (error instanceof Refused) this.#trouble = `Redis refuses to be read: ${error.message}`;
        // After a FLUSHALL. Anything else that went wrong is no reason to look.
        if (error instanceof Refused && error.message.includes("NOGROUP")) this.#makeLogAgain();
        await backoff.wait(signal);
      }
    }
    return [];
  }

  async settle(settled: readonly Settled[]): Promise<void> {
    const left = new Set(settled.map(({ message }) => message.id));
    const done: string[] = [];
    const conflicts: LogMessage[] = [];
    for (const { message, outcome } of settled) {
      if (outcome.kind === "stored" || outcome.kind === "duplicateOf") done.push(message.id);
      else if (outcome.kind === "idConflict") conflicts.push(message);
    }
    const release = (id: string) => {
      left.delete(id);
      this.#holding.release(id);
    };
    try {
      await this.#acknowledge(done);
      done.forEach(release);
      for (const message of conflicts) {
        await reappend(this.#link, message, this.#context);
        release(message.id);
      }
    } catch (error) {
      throw asUnavailable(error);
    } finally {
      // What failed, and what the log could not be told of.
      for (const id of left) this.#holding.postpone(id, performance.now());
    }
  }

  async trim(): Promise<LogState> {
    const state = await this.#trimming.trim().catch((error: unknown) => Promise.reject(asUnavailable(error)));
    if (state) return state;
    this.#makeLogAgain();
    throw unavailable("there is no log in Redis");
  }

  problem(): string | undefined {
    return this.#link.problem() ?? this.#reader.problem() ?? this.#trouble;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#kept;
    // Where Redis cannot be told, the others take over what is held, and remove this consumer later (L11).
    await this.#intake.leave().catch(() => undefined);
    await Promise.all([this.#link.close(), this.#reader.close()]);
  }

  /**
   * What there is to be done now: what failed before, what others let lie, what is new. May be nothing. What is new
   * has every second turn: else what fails again and again would hold it up, being due each time.
   */
  async #some(signal: AbortSignal): Promise<Consumed[]> {
    await this.#link.ready(signal);
    await this.#reader.ready(signal);
    const old = this.#newIsNext ? [] : await this.#old();
    this.#newIsNext = old.length > 0;
    return old.length > 0 ? old : await this.#triage.sort(await this.#read(signal));
  }

  async #old(): Promise<Consumed[]> {
    const now = performance.now();
    const due = this.#holding.due(now, BATCH);
    if (due.length > 0) return await this.#again(due);
    if (now < this.#intake.nextClaim) return [];
    const claimed = await this.#triage.sort(await this.#intake.claim());
    if (claimed.length > 0) this.#context.observe({ type: "claim", entries: claimed.length });
    return claimed;
  }

  async #again(due: readonly string[]): Promise<Consumed[]> {
    const again = await this.#triage.sort(await this.#intake.retake(due.map(streamIdOf)));
    const given = new Set(again.map(({ message }) => message.id));
    // Settled meanwhile, or taken over.
    for (const id of due) if (!given.has(id)) this.#holding.release(id);
    return again;
  }

  /** New entries, or none when something else is due. */
  async #read(signal: AbortSignal): Promise<Taken> {
    const next = Math.min(this.#intake.nextClaim, this.#holding.nextDue() ?? Number.POSITIVE_INFINITY);
    const wait = Math.max(1, Math.ceil(next - performance.now()));
    if (wait >= BLOCK_MS) return await this.#intake.read(signal);
    const due = AbortSignal.timeout(wait);
    return await this.#intake.read(AbortSignal.any([signal, due])).catch((error: unknown) => {
      if (due.aborted) return NOTHING;
      throw error;
    });
  }

  async #acknowledge(ids: readonly string[]): Promise<void> {
    for (let from = 0; from < ids.length; from += BATCH) {
      const streamIds = ids.slice(from, from + BATCH).map(streamIdOf);
      await this.#link.run((client) => client.xack(LOG, GROUP, ...streamIds));
    }
  }

  /** Holds on to what is being worked on. */
  async #keep(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(this.#context.config.claimIdleMs / 3, signal);
      const out = this.#holding.outSince(performance.now() - HOLD_AT_MOST_MS);
      if (signal.aborted || out.length === 0) continue;
      // Not being able to is what the connection's own events tell; others take over then, as they should.
      await this.#intake.keep(out.map(streamIdOf)).catch(() => undefined);
    }
  }

  /** A new connection begins with making sure that there is a log. */
  #makeLogAgain(): void {
    const { client } = this.#link;
    if (client) this.#link.replace(client, "there is no log in Redis");
  }
}

function asUnavailable(error: unknown): ChatError {
  return error instanceof ChatError ? error : unavailable(reasonOf(error));
}
