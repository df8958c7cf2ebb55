import type { Redis } from "ioredis";
import type { Names } from "../format/keys.ts";

/** Channels in one SUBSCRIBE. Many, so that mass joins are cheap; bounded, so that Redis' output buffer is enough. */
const CHUNK = 1_000;

/**
 * The users to subscribe to, and the subscriptions of the current connection.
 *
 * `apply` must not run twice at the same time. Then the subscriptions always end in the state wanted last, in whatever
 * order joins and leaves come, because Redis executes a connection's commands in order.
 */
export class Subscriptions {
  readonly #channelOf: (user: string) => string;
  readonly #always: readonly string[];
  readonly #wanted = new Set<string>();
  /** Users whose subscription may differ from the wanted state. */
  readonly #changed = new Set<string>();
  /** Users that the current connection is subscribed to, or will be once Redis has executed the commands sent. */
  #subscribed = new Set<string>();

  /** `channelOf` returns the channel of a user. The channels `always` are subscribed to at any time. */
  constructor(channelOf: (user: string) => string, always: readonly string[]) {
    this.#channelOf = channelOf;
    this.#always = always;
  }

  get isChanged(): boolean {
    return this.#changed.size > 0;
  }

  wants(user: string): boolean {
    return this.#wanted.has(user);
  }

  want(user: string): void {
    if (this.#wanted.has(user)) return;
    this.#wanted.add(user);
    this.#changed.add(user);
  }

  leave(user: string): void {
    if (this.#wanted.delete(user)) this.#changed.add(user);
  }

  /** Subscribes a new connection to all channels wanted now. */
  async subscribeAll(client: Redis): Promise<void> {
    this.#subscribed = new Set(this.#wanted);
    this.#changed.clear();
    await subscribe(client, [...this.#always, ...this.#channelsOf(this.#subscribed)]);
  }

  /** Sends the changes to the connection. Resolves once every subscription wanted at the call is active. */
  async apply(client: Redis): Promise<void> {
    const added: string[] = [];
    const removed: string[] = [];
    for (const user of this.#changed) {
      const isWanted = this.#wanted.has(user);
      if (isWanted === this.#subscribed.has(user)) continue;
      (isWanted ? added : removed).push(user);
      if (isWanted) this.#subscribed.add(user);
      else this.#subscribed.delete(user);
    }
    this.#changed.clear();
    await Promise.all([
      unsubscribe(client, this.#channelsOf(removed)),
      subscribe(client, this.#channelsOf(added)),
    ]);
  }

  #channelsOf(users: Iterable<string>): string[] {
    return Array.from(users, this.#channelOf);
  }
}

/** Returns the audience of a channel's messages: "" for everybody, or a user. Undefined for other channels. */
export function audienceOf(channel: string, { publicChannel, userChannel }: Names): string | undefined {
  if (channel === publicChannel) return "";
  const prefix = userChannel("");
  return channel.startsWith(prefix) ? channel.slice(prefix.length) : undefined;
}

async function subscribe(client: Redis, channels: readonly string[]): Promise<void> {
  for (let at = 0; at < channels.length; at += CHUNK) {
    await client.subscribe(...channels.slice(at, at + CHUNK));
  }
}

async function unsubscribe(client: Redis, channels: readonly string[]): Promise<void> {
  for (let at = 0; at < channels.length; at += CHUNK) {
    await client.unsubscribe(...channels.slice(at, at + CHUNK));
  }
}
