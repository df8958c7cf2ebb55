import { ChatError, encodeBody, type LogMessage } from "@parley/models";
import type { LiveFeed, LiveListener } from "../live-feed.ts";

export class MemoryLiveFeed implements LiveFeed {
  readonly #listener: LiveListener;
  /** The id of the last message published, or one after it that stands for no message. */
  readonly #published: () => string;
  readonly #users = new Set<string>();
  #closed = false;

  constructor(listener: LiveListener, published: () => string) {
    this.#listener = listener;
    this.#published = published;
  }

  join(user: string): Promise<string> {
    if (this.#closed) return Promise.reject(new ChatError("unavailable"));
    this.#users.add(user);
    return Promise.resolve(this.#published());
  }

  leave(user: string): void {
    this.#users.delete(user);
  }

  problem(): string | undefined {
    return this.#closed ? "the log is closed" : undefined;
  }

  /** Calls the listener before it returns. Messages must come in id order. */
  publish(message: LogMessage): void {
    const { id, from, to } = message;
    const live = { id, body: encodeBody(message) };
    const audiences = to === "" ? [""] : new Set([from, to].filter((user) => this.#users.has(user)));
    for (const audience of audiences) this.#listener.message(audience, live);
  }

  close(): void {
    this.#closed = true;
  }
}
