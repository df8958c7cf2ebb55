import { createHash } from "node:crypto";
import type { Identity } from "./identity.ts";

/** Maximum age of an entry. After this the token is verified again, since its key may have been withdrawn. */
const MAX_AGE_MS = 60_000;

/**
 * Remembers tokens that were verified recently, so that a reconnect or the next request needs a hash and no signature
 * check. Keyed by a digest, never by the token. Bounded: the oldest entry is evicted first (G5). An entry never
 * outlives its token (P6).
 */
export class IdentityCache {
  readonly #entries = new Map<string, { readonly identity: Identity; readonly until: number }>();
  readonly #size: number;

  constructor(size: number) {
    this.#size = size;
  }

  get(digest: string, now: number): Identity | undefined {
    const entry = this.#entries.get(digest);
    // An entry that ends later than MAX_AGE_MS from now means that the clock was set back: its age is unknown.
    if (entry && entry.until > now && entry.until - now <= MAX_AGE_MS) return entry.identity;
    this.#entries.delete(digest);
    return undefined;
  }

  set(digest: string, identity: Identity, now: number): void {
    if (this.#size <= 0) return;
    this.#entries.delete(digest);
    this.#entries.set(digest, { identity, until: Math.min(identity.expiresAt, now + MAX_AGE_MS) });
    if (this.#entries.size <= this.#size) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      return;
    }
  }

  get entries(): number {
    return this.#entries.size;
  }
}

/** Returns the key of a token in the cache. */
export function digestOf(token: string): string {
  return createHash("sha256").update(token).digest("base64");
}
