import type { Redis } from "ioredis";
import { PUBLIC_CHANNEL, userChannel } from "../format/keys.ts";

/** Channels named in one SUBSCRIBE: enough to make storms cheap, few enough for Redis' output buffer. */
const CHUNK = 1_000;
const USER_PREFIX = userChannel("");

/**
 * Which users are listened for, and what the connection was told of it. `apply` must not run twice at once; then
 * leaving and joining in any order ends with what was wanted last, since Redis takes the commands in their order.
 */
export class Subscriptions {
  readonly #markers: string;
  readonly #wanted = new Set<string>();
  readonly #changed = new Set<string>();
  #sent = new Set<string>();

  /** `markers` is the channel that is always listened to beside the public room. */
  constructor(markers: string) {
    this.#markers = markers;
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

  /** Makes a new connection listen to everything that is wanted now. */
  async begin(client: Redis): Promise<void> {
    this.#sent = new Set(this.#wanted);
    this.#changed.clear();
    await subscribe(client, [PUBLIC_CHANNEL, this.#markers, ...channelsOf(this.#sent)]);
  }

  /** Tells the connection what has changed; resolves when it listens to all that was wanted at the call. */
  async apply(client: Redis): Promise<void> {
    const begun: string[] = [];
    const ended: string[] = [];
    for (const user of this.#changed) {
      const wanted = this.#wanted.has(user);
      if (wanted === this.#sent.has(user)) continue;
      (wanted ? begun : ended).push(user);
      if (wanted) this.#sent.add(user);
      else this.#sent.delete(user);
    }
    this.#changed.clear();
    await Promise.all([unsubscribe(client, channelsOf(ended)), subscribe(client, channelsOf(begun))]);
  }
}

/** Whom a channel's messages are for; undefined for a channel that carries none. */
export function audienceOf(channel: string): string | undefined {
  if (channel === PUBLIC_CHANNEL) return "";
  return channel.startsWith(USER_PREFIX) ? channel.slice(USER_PREFIX.length) : undefined;
}

function channelsOf(users: Iterable<string>): string[] {
  return Array.from(users, userChannel);
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
