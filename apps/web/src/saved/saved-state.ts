import type { Pending, SavedEntry } from "../chat/state.ts";
import type { BrowserStorage } from "./browser-storage.ts";

/**
 * The position in the stream, and the conversations with their unread counts up to it. They are saved as one item, so
 * that they always agree.
 */
interface Progress {
  readonly cursor: string | undefined;
  readonly lastId: string;
  readonly conversations: readonly SavedEntry[];
}

const NO_PROGRESS: Progress = { cursor: undefined, lastId: "", conversations: [] };

/**
 * The part of a user's state that survives a reload on this machine. Each draft and each unsent message is an item of
 * its own, so that two pages of the same user don't overwrite each other's items.
 */
export class SavedState {
  readonly #storage: BrowserStorage;
  readonly #prefix: string;
  /** The items that this tab has written. */
  readonly #written = new Set<string>();
  #isCleared = false;

  constructor(storage: BrowserStorage, user: string) {
    this.#storage = storage;
    this.#prefix = `parley:${encodeURIComponent(user)}:`;
  }

  progress(): Progress {
    return { ...NO_PROGRESS, ...this.#storage.read<Progress>(this.#progressKey) };
  }

  setProgress(progress: Progress): void {
    this.#write(this.#progressKey, progress);
  }

  /** Returns the unsent text in a conversation's message field. */
  draft(partner: string): string {
    return this.#storage.read<string>(this.#draftKey(partner)) ?? "";
  }

  /** An empty text removes the draft. */
  setDraft(partner: string, text: string): void {
    this.#write(this.#draftKey(partner), text === "" ? undefined : text);
  }

  /** Returns the unsettled messages, oldest first. */
  outbox(): Pending[] {
    return (
      this.#storage
        .keys(this.#outboxKey(""))
        .flatMap((key) => this.#storage.read<Pending>(key) ?? [])
        // Items of an older version of this page have no tab.
        .map((pending) => ({ ...pending, tab: pending.tab ?? "" }))
        .sort((a, b) => a.at - b.at)
    );
  }

  /**
   * Saves an unsettled message. If there is no room, drops the list of conversations, which the server has too.
   * Returns false if the message is only in memory.
   */
  addToOutbox(pending: Pending): boolean {
    const key = this.#outboxKey(pending.ref);
    if (this.#write(key, pending)) return true;
    this.setProgress({ ...this.progress(), conversations: [] });
    return this.#write(key, pending);
  }

  removeFromOutbox(ref: string): void {
    this.#write(this.#outboxKey(ref), undefined);
  }

  /** Returns true if closing the page would lose a draft or an unsettled message. */
  get wouldLoseText(): boolean {
    return this.#storage.hasUnsaved(this.#outboxKey("")) || this.#storage.hasUnsaved(this.#draftKey(""));
  }

  /** Removes everything of this user. Later writes have no effect: a timer or the end of the page may still cause one. */
  clear(): void {
    this.#remove(this.#storage.keys(this.#prefix));
  }

  /**
   * The same for the items that this tab has written. Another tab has removed everything already, and the user may
   * have signed in there again.
   */
  clearWritten(): void {
    this.#remove(this.#written);
  }

  #remove(keys: Iterable<string>): void {
    this.#isCleared = true;
    for (const key of keys) this.#storage.write(key, undefined);
  }

  #write(key: string, value: unknown): boolean {
    if (this.#isCleared) return true;
    this.#written.add(key);
    return this.#storage.write(key, value);
  }

  get #progressKey(): string {
    return `${this.#prefix}progress`;
  }

  #draftKey(partner: string): string {
    return `${this.#prefix}draft:${partner}`;
  }

  #outboxKey(ref: string): string {
    return `${this.#prefix}outbox:${ref}`;
  }
}
