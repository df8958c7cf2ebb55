import type { Listed, Pending } from "./state.ts";

/** The part of the browser's storage that is used; it may be full, or forbidden, and then nothing is kept. */
export type Shelf = Pick<Storage, "getItem" | "setItem" | "removeItem" | "key" | "length">;

/** How far the stream was read, and what was counted on the way: one item, so that they never contradict each other. */
interface Progress {
  readonly cursor: string | undefined;
  readonly lastId: string;
  readonly conversations: readonly Listed[];
}

/**
 * What of a user's survives a reload, on this machine. Drafts and unsent messages have an item each, so that two pages
 * of the same user do not overwrite each other's.
 */
export interface Saved {
  progress(): Progress;
  setProgress(progress: Progress): void;
  draft(partner: string): string;
  /** "" forgets it. */
  setDraft(partner: string, text: string): void;
  /** Oldest first. */
  outbox(): Pending[];
  keep(pending: Pending): void;
  drop(ref: string): void;
  /** Everything of this user's. */
  forget(): void;
}

const NOTHING: Progress = { cursor: undefined, lastId: "", conversations: [] };

export function openSaved(shelf: Shelf, user: string): Saved {
  const prefix = `parley:${encodeURIComponent(user)}:`;
  const draftKey = (partner: string) => `${prefix}draft:${partner}`;
  const outboxKey = (ref: string) => `${prefix}outbox:${ref}`;
  return {
    progress: () => ({ ...NOTHING, ...read<Progress>(shelf, `${prefix}progress`) }),
    setProgress: (progress) => write(shelf, `${prefix}progress`, progress),
    draft: (partner) => read<string>(shelf, draftKey(partner)) ?? "",
    setDraft: (partner, text) => write(shelf, draftKey(partner), text === "" ? undefined : text),
    outbox: () =>
      keysOf(shelf, `${prefix}outbox:`)
        .flatMap((key) => read<Pending>(shelf, key) ?? [])
        .sort((a, b) => a.at - b.at),
    keep: (pending) => write(shelf, outboxKey(pending.ref), pending),
    drop: (ref) => write(shelf, outboxKey(ref), undefined),
    forget() {
      for (const key of keysOf(shelf, prefix)) write(shelf, key, undefined);
    },
  };
}

/** The value of an item, or undefined where there is none that can be read. */
export function read<T>(shelf: Shelf, key: string): T | undefined {
  try {
    const text = shelf.getItem(key);
    return text === null ? undefined : (JSON.parse(text) as T);
  } catch {
    return undefined;
  }
}

/** Undefined removes the item. Where the browser keeps nothing, the page still works until it is closed. */
export function write(shelf: Shelf, key: string, value: unknown): void {
  try {
    if (value === undefined) shelf.removeItem(key);
    else shelf.setItem(key, JSON.stringify(value));
  } catch {
    // Full or forbidden.
  }
}

function keysOf(shelf: Shelf, prefix: string): string[] {
  try {
    const keys = Array.from({ length: shelf.length }, (_, index) => shelf.key(index) ?? "");
    return keys.filter((key) => key.startsWith(prefix));
  } catch {
    return [];
  }
}
