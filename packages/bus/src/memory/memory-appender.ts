import { ChatError, type EntryDraft, isChange } from "@parley/models";
import type { Appended, Appender } from "../appender.ts";
import type { Observe } from "../events.ts";
import { SenderShares } from "../sender-shares.ts";
import type { Journal, OnOutcome } from "./journal.ts";
import { RecentRefs } from "./recent-refs.ts";

/** Bounds of the in-memory log. */
export interface AppendLimits {
  /** The most messages that may wait for the store. */
  readonly maxEntries: number;
  /** The most bytes of content that may wait for the store. */
  readonly maxBytes: number;
  /** The longest wait of a sender for the store, in ms. Then the sender gets `unavailable`: the outcome is unknown. */
  readonly settleTimeoutMs: number;
}

export interface MemoryAppenderDeps {
  readonly journal: Journal;
  readonly limits: AppendLimits;
  readonly observe: Observe;
  /** Called after a message was added to the journal. */
  readonly onAdded: () => void;
}

const RETRY_AFTER_MS = 500;

/** Resolves each draft when the consumer settles it, so an `ok` means that the store has the message (L23). */
export class MemoryAppender implements Appender {
  readonly #journal: Journal;
  readonly #limits: AppendLimits;
  readonly #observe: Observe;
  readonly #onAdded: () => void;
  readonly #shares: SenderShares;
  readonly #refs = new RecentRefs();
  #closed = false;

  constructor({ journal, limits, observe, onAdded }: MemoryAppenderDeps) {
    this.#journal = journal;
    this.#limits = limits;
    this.#observe = observe;
    this.#onAdded = onAdded;
    this.#shares = new SenderShares(journal, limits);
  }

  append(drafts: readonly EntryDraft[]): Promise<readonly Appended[]> {
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
      const setResult = (index: number, appended: Appended, isDuplicate: boolean) => {
        // After the deadline the results have been returned already. The message is still stored and published.
        if (open === 0) return;
        results[index] = appended;
        if (isDuplicate) duplicates += 1;
        open -= 1;
        if (open === 0) finish();
      };
      if (open === 0) finish();
      drafts.forEach((draft, index) => {
        const refused = this.#accept(draft, (id, outcome) => {
          setResult(index, appendedFrom(id, outcome), outcome.kind === "duplicateOf");
        });
        if (refused) setResult(index, { ok: false, error: refused }, false);
      });
    });
  }

  problem(): string | undefined {
    if (this.#closed) return "the log is closed";
    if (!this.#isFull(0)) return undefined;
    return `the store is too slow: ${this.#journal.entries} messages wait for it`;
  }

  close(): void {
    this.#closed = true;
  }

  #accept(draft: EntryDraft, onOutcome: OnOutcome): ChatError | undefined {
    if (this.#closed) return new ChatError("unavailable");
    const known = this.#refs.find(draft);
    if (known?.kind === "other") return new ChatError("ref_reused");
    if (known?.kind === "same") {
      known.outcome(onOutcome);
      return undefined;
    }
    const bytes = bytesOf(draft);
    if (this.#isFull(bytes)) return backlogFull();
    if (!this.#shares.take(draft.from, bytes)) {
      this.#observe({ type: "over-share", of: "backlog", drafts: 1 });
      return backlogFull();
    }
    this.#journal.add(draft, bytes, this.#refs.remember(draft, onOutcome));
    this.#onAdded();
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

function appendedFrom(id: string, outcome: Parameters<OnOutcome>[1]): Appended {
  switch (outcome.kind) {
    case "stored":
      return { ok: true, id };
    case "duplicateOf":
      return { ok: true, id: outcome.id };
    case "refReused":
      return { ok: false, error: new ChatError("ref_reused") };
    case "orphan":
      return { ok: false, error: new ChatError("not_found", { message: "There is no such message." }) };
    case "unknown":
      return unavailable();
  }
}

/** The bytes of a draft's content and `meta`. A deletion has neither. */
function bytesOf(draft: EntryDraft): number {
  if (isChange(draft) && draft.kind === "delete") return 0;
  return Buffer.byteLength(draft.content) + Buffer.byteLength(draft.meta ?? "");
}

function backlogFull(): ChatError {
  return new ChatError("backlog_full", { retryAfterMs: RETRY_AFTER_MS });
}

function unavailable(): Appended {
  return { ok: false, error: new ChatError("unavailable") };
}
