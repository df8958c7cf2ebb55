import { ChatError, encodeBody, encodeChange, isChange, type LogEntry, positionOf } from "@parley/models";
import type { LiveFeed, LiveListener, LiveMessage } from "../live-feed.ts";

/** Delivers messages to the listener in the same process. */
export class MemoryLiveFeed implements LiveFeed {
  readonly #listener: LiveListener;
  readonly #publishedUpTo: () => string;
  readonly #users = new Set<string>();
  #closed = false;

  /**
   * `publishedUpTo` returns the id of the last message that was released. Usually this message was published live; a
   * duplicate is released without being published.
   */
  constructor(listener: LiveListener, publishedUpTo: () => string) {
    this.#listener = listener;
    this.#publishedUpTo = publishedUpTo;
  }

  join(user: string): Promise<string> {
    if (this.#closed) return Promise.reject(new ChatError("unavailable"));
    this.#users.add(user);
    return Promise.resolve(this.#publishedUpTo());
  }

  leave(user: string): void {
    this.#users.delete(user);
  }

  problem(): string | undefined {
    return this.#closed ? "the log is closed" : undefined;
  }

  /** Calls the listener synchronously. Entries must come in id order. */
  publish(entry: LogEntry): void {
    const { from, to } = entry;
    const live = liveMessage(entry);
    const audiences = to === "" ? [""] : new Set([from, to].filter((user) => this.#users.has(user)));
    for (const audience of audiences) this.#listener.message(audience, live);
  }

  close(): void {
    this.#closed = true;
  }
}

function liveMessage(entry: LogEntry): LiveMessage {
  const id = positionOf(entry);
  return isChange(entry)
    ? { id, body: encodeChange(entry), kind: entry.kind }
    : { id, body: encodeBody(entry) };
}
