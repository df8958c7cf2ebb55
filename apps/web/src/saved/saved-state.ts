import type { ListEntry, Pending } from "../chat/state.ts";

/** The part of the browser's storage that the page uses. It may be full or forbidden; then nothing is saved. */
export type BrowserStorage = Pick<Storage, "getItem" | "setItem" | "removeItem" | "key" | "length">;

/**
 * The position in the stream, and the conversations with their unread counts up to it. They are saved as one item, so
 * that they always agree.
 */
interface Progress {
  readonly cursor: string | undefined;
  readonly lastId: string;
  readonly conversations: readonly ListEntry[];
}

/**
 * The part of a user's state that survives a reload on this machine. Each draft and each unsent message is an item of
 * its own, so that two pages of the same user don't overwrite each other's items.
 */
export interface SavedState {
  progress(): Progress;
  setProgress(progress: Progress): void;
  /** The unsent text in a conversation's message field. */
  draft(partner: string): string;
  /** An empty text removes the draft. */
  setDraft(partner: string, text: string): void;
  /** The unsettled messages, oldest first. */
  outbox(): Pending[];
  addToOutbox(pending: Pending): void;
  removeFromOutbox(ref: string): void;
  /** Removes everything of this user. */
  clear(): void;
}

const NO_PROGRESS: Progress = { cursor: undefined, lastId: "", conversations: [] };

export function openSavedState(storage: BrowserStorage, user: string): SavedState {
  const prefix = `parley:${encodeURIComponent(user)}:`;
  const draftKey = (partner: string) => `${prefix}draft:${partner}`;
  const outboxKey = (ref: string) => `${prefix}outbox:${ref}`;
  return {
    progress: () => ({ ...NO_PROGRESS, ...readItem<Progress>(storage, `${prefix}progress`) }),
    setProgress: (progress) => writeItem(storage, `${prefix}progress`, progress),
    draft: (partner) => readItem<string>(storage, draftKey(partner)) ?? "",
    setDraft: (partner, text) => writeItem(storage, draftKey(partner), text === "" ? undefined : text),
    outbox: () =>
      keysOf(storage, `${prefix}outbox:`)
        .flatMap((key) => readItem<Pending>(storage, key) ?? [])
        .sort((a, b) => a.at - b.at),
    addToOutbox: (pending) => writeItem(storage, outboxKey(pending.ref), pending),
    removeFromOutbox: (ref) => writeItem(storage, outboxKey(ref), undefined),
    clear() {
      for (const key of keysOf(storage, prefix)) writeItem(storage, key, undefined);
    },
  };
}

/** Returns the value of an item, or undefined if there is none or it can't be read. */
export function readItem<T>(storage: BrowserStorage, key: string): T | undefined {
  try {
    const text = storage.getItem(key);
    return text === null ? undefined : (JSON.parse(text) as T);
  } catch {
    return undefined;
  }
}

/** Writes an item, or removes it if the value is undefined. Does nothing if the storage is full or forbidden. */
export function writeItem(storage: BrowserStorage, key: string, value: unknown): void {
  try {
    if (value === undefined) storage.removeItem(key);
    else storage.setItem(key, JSON.stringify(value));
  } catch {
    // Ignored: without storage the page still works until it is closed.
  }
}

function keysOf(storage: BrowserStorage, prefix: string): string[] {
  try {
    const keys = Array.from({ length: storage.length }, (_, index) => storage.key(index) ?? "");
    return keys.filter((key) => key.startsWith(prefix));
  } catch {
    return [];
  }
}
