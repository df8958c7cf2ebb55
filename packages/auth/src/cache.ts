import { createHash } from "node:crypto";
import type { Identity } from "./identity.ts";

/** How long an answer stands without a look at the keys, which may have been withdrawn meanwhile. */
const MAX_AGE_MS = 60_000;

/**
 * Tokens that were found valid a moment ago, so that a reconnect or the next request costs a hash and no signature.
 * Keyed by a digest, never by the token; bounded, the oldest goes first; never an answer past a token's end.
 */
export class IdentityCache {
  readonly #entries = new Map<string, { readonly identity: Identity; readonly until: number }>();
  readonly #size: number;

  constructor(size: number) {
    this.#size = size;
  }

  get(digest: string, now: number): Identity | undefined {
    const entry = this.#entries.get(digest);
    // Further ahead than an entry can live: the clock was set back, and the age is not known.
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

export function digestOf(token: string): string {
  return createHash("sha256").update(token).digest("base64");
}
