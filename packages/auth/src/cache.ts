import { hash } from "node:crypto";
import type { Identity } from "./identity.ts";

/** Maximum age of an entry. After this time the token is verified again, because its key may have been withdrawn. */
const MAX_AGE_MS = 60_000;
/** Maximum number of cached tokens of one user: more than a person has devices. */
const MAX_PER_USER = 32;

/** The clocks of a verifier. Tests replace them. */
export interface Clocks {
  /** Ms since 1970: the time that tokens state. It may be set at any moment. */
  readonly wallTime: () => number;
  /** A monotonic clock in ms, by which every duration is measured. */
  readonly now: () => number;
}

interface Entry {
  readonly identity: Identity;
  /** The time at which the token was verified, by the monotonic clock. */
  readonly verifiedAt: number;
}

/**
 * Remembers tokens that were verified recently, so that a reconnect or the next request needs only a hash instead of
 * a signature check. The key of an entry is a digest of the token, never the token itself. The number of entries is
 * bounded in total and per user, and the oldest entry is evicted first. So a user with many tokens evicts only tokens
 * of that user (G5). An entry never outlives its token (P6).
 */
export class IdentityCache {
  readonly #entries = new Map<string, Entry>();
  /** The digests of each user's tokens, oldest first. */
  readonly #digests = new Map<string, Set<string>>();
  readonly #size: number;
  readonly #clocks: Clocks;

  constructor(size: number, clocks: Clocks) {
    this.#size = size;
    this.#clocks = clocks;
  }

  get(digest: string): Identity | undefined {
    const entry = this.#entries.get(digest);
    if (!entry) return undefined;
    const { now, wallTime } = this.#clocks;
    const isFresh = now() - entry.verifiedAt < MAX_AGE_MS;
    if (isFresh && entry.identity.expiresAt > wallTime()) return entry.identity;
    this.#delete(digest);
    return undefined;
  }

  set(digest: string, identity: Identity): void {
    if (this.#size <= 0) return;
    this.#delete(digest);
    this.#entries.set(digest, { identity, verifiedAt: this.#clocks.now() });
    const own = this.#digests.get(identity.user) ?? new Set();
    this.#digests.set(identity.user, own.add(digest));
    if (own.size > MAX_PER_USER) this.#deleteFirst(own);
    if (this.#entries.size > this.#size) this.#deleteFirst(this.#entries);
  }

  get entries(): number {
    return this.#entries.size;
  }

  #deleteFirst(digests: Pick<Set<string>, "keys">): void {
    const { value: oldest } = digests.keys().next();
    if (oldest !== undefined) this.#delete(oldest);
  }

  #delete(digest: string): void {
    const user = this.#entries.get(digest)?.identity.user;
    if (user === undefined) return;
    this.#entries.delete(digest);
    const own = this.#digests.get(user);
    own?.delete(digest);
    if (own?.size === 0) this.#digests.delete(user);
  }
}

/** Returns the key of a token in the cache. */
export function digestOf(token: string): string {
  return hash("sha256", token, "base64");
}
