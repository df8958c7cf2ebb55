import {
  type ChangeDraft,
  changeDigest,
  type EntryDraft,
  encodeChange,
  isChange,
  refKey,
} from "@parley/models";
import type { OnOutcome } from "./journal.ts";

/** The most refs that are remembered. At this number the oldest one is forgotten. */
const MAX_REFS = 10_000;

/** A change whose ref is remembered. */
interface Change {
  readonly digest: string;
  readonly settled: Promise<Parameters<OnOutcome>>;
}

/** Stands for any message. The store recognizes repeated messages, so nothing about them is remembered. */
const MESSAGE = "message";

/** An entry of the log that already has a draft's ref. */
export type Known =
  /** The same change. Its outcome is that of the draft. */
  | { readonly kind: "same"; outcome(onOutcome: OnOutcome): void }
  /** Another change, or a message that has the ref of a change. */
  | { readonly kind: "other" };

/**
 * The last refs that were used, so that a change that is sent again is one change, and messages and changes don't share a
 * ref (L5). Two messages with one ref aren't compared here: the store keeps one of them.
 */
export class RecentRefs {
  readonly #refs = new Map<string, Change | typeof MESSAGE>();

  /** Returns the entry that has the draft's ref. Undefined if there is none, or if draft and entry are messages. */
  find(draft: EntryDraft): Known | undefined {
    const key = refKey(draft);
    const known = key === undefined ? undefined : this.#refs.get(key);
    if (known === undefined || (known === MESSAGE && !isChange(draft))) return undefined;
    if (known === MESSAGE || !isChange(draft) || known.digest !== digestOf(draft)) return { kind: "other" };
    const outcome = (onOutcome: OnOutcome) => {
      void known.settled.then(([id, outcome]) =>
        onOutcome(id, outcome.kind === "stored" ? { kind: "duplicateOf", id } : outcome),
      );
    };
    return { kind: "same", outcome };
  }

  /**
   * Remembers the ref of a draft that is appended. The caller passes the outcome to the function that is returned, which
   * calls `onOutcome`. A change that isn't stored leaves its ref free.
   */
  remember(draft: EntryDraft, onOutcome: OnOutcome): OnOutcome {
    const key = refKey(draft);
    if (key === undefined) return onOutcome;
    if (!isChange(draft)) {
      this.#set(key, MESSAGE);
      return onOutcome;
    }
    const { promise: settled, resolve } = Promise.withResolvers<Parameters<OnOutcome>>();
    const change = { digest: digestOf(draft), settled };
    this.#set(key, change);
    return (id, outcome) => {
      if (outcome.kind !== "stored" && this.#refs.get(key) === change) this.#refs.delete(key);
      resolve([id, outcome]);
      onOutcome(id, outcome);
    };
  }

  /** The newest ref is the last one of the map, so the first one is the oldest. */
  #set(key: string, value: Change | typeof MESSAGE): void {
    this.#refs.delete(key);
    this.#refs.set(key, value);
    const [oldest] = this.#refs.keys();
    if (this.#refs.size > MAX_REFS && oldest !== undefined) this.#refs.delete(oldest);
  }
}

function digestOf(change: ChangeDraft): string {
  return changeDigest(change.kind, encodeChange(change));
}
