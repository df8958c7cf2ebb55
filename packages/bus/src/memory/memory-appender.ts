import { ChatError, type Draft } from "@parley/models";
import type { Appended, Appender } from "../appender.ts";
import type { Observe } from "../events.ts";
import type { Journal, Tell } from "./journal.ts";

export interface AppendLimits {
  /** What may wait for the store, in messages and in bytes of their content. */
  readonly maxEntries: number;
  readonly maxBytes: number;
  /** How long a sender waits for the store, in ms; then it gets `unavailable`, since the outcome is unknown. */
  readonly settleTimeoutMs: number;
}

const RETRY_AFTER_MS = 500;

/** L23: the consumer's settling answers a draft, so an answer here means what the store means. */
export class MemoryAppender implements Appender {
  readonly #journal: Journal;
  readonly #limits: AppendLimits;
  readonly #observe: Observe;
  /** Called when there is something new to consume. */
  readonly #added: () => void;
  #closed = false;

  constructor(journal: Journal, limits: AppendLimits, observe: Observe, added: () => void) {
    this.#journal = journal;
    this.#limits = limits;
    this.#observe = observe;
    this.#added = added;
  }

  append(drafts: readonly Draft[]): Promise<readonly Appended[]> {
    const started = performance.now();
    return new Promise((resolve) => {
      const results: Appended[] = drafts.map(unavailable);
      let open = drafts.length;
      let duplicates = 0;
      const finish = () => {
        clearTimeout(deadline);
        open = 0;
        this.#report(results, duplicates, performance.now() - started);
        resolve(results);
      };
      const deadline = setTimeout(finish, this.#limits.settleTimeoutMs);
      const answer = (index: number, appended: Appended, duplicate: boolean) => {
        // After the deadline nobody listens any more; the message goes its way all the same.
        if (open === 0) return;
        results[index] = appended;
        if (duplicate) duplicates += 1;
        open -= 1;
        if (open === 0) finish();
      };
      if (open === 0) finish();
      drafts.forEach((draft, index) => {
        const refused = this.#accept(draft, (id, outcome) => {
          answer(index, appendedFrom(id, outcome), outcome.kind === "duplicateOf");
        });
        if (refused) answer(index, { ok: false, error: refused }, false);
      });
    });
  }

  problem(): string | undefined {
    if (this.#closed) return "the log is closed";
    if (!this.#isFull(0)) return undefined;
    return `the store does not keep up: ${this.#journal.entries} messages wait for it`;
  }

  close(): void {
    this.#closed = true;
  }

  #accept(draft: Draft, tell: Tell): ChatError | undefined {
    if (this.#closed) return new ChatError("unavailable");
    const bytes = Buffer.byteLength(draft.content);
    if (this.#isFull(bytes)) return new ChatError("backlog_full", { retryAfterMs: RETRY_AFTER_MS });
    this.#journal.add(draft, bytes, tell);
    this.#added();
    return undefined;
  }

  #isFull(bytes: number): boolean {
    const { maxEntries, maxBytes } = this.#limits;
    return this.#journal.entries >= maxEntries || this.#journal.bytes + bytes > maxBytes;
  }

  #report(results: readonly Appended[], duplicates: number, ms: number): void {
    const failures = results.filter((result) => !result.ok);
    const unknown = failures.filter((result) => !result.ok && result.error.code === "unavailable").length;
    const refused = failures.length - unknown;
    this.#observe({ type: "append", drafts: results.length, ms, duplicates, refused, unknown });
  }
}

function appendedFrom(id: string, outcome: Parameters<Tell>[1]): Appended {
  switch (outcome.kind) {
    case "stored":
      return { ok: true, id };
    case "duplicateOf":
      return { ok: true, id: outcome.id };
    case "refReused":
      return { ok: false, error: new ChatError("ref_reused") };
    case "unknown":
      return unavailable();
  }
}

function unavailable(): Appended {
  return { ok: false, error: new ChatError("unavailable") };
}
