/** What is revoked of a user (P65). Times are ms since 1970. */
export interface Revocation {
  readonly user: string;
  /** Tokens that were issued before this time are revoked. */
  readonly issuedBefore?: number;
  /** The user is blocked until this time. */
  readonly until?: number;
}

/** One of the two things that can be revoked of a user: all `tokens` up to a time, or the `user` for a time. */
export interface RevocationEntry {
  readonly kind: "tokens" | "user";
  readonly user: string;
  /** `issuedBefore` or `until` of a Revocation, in ms since 1970. 0 if it was deleted. */
  readonly value: number;
  /** The number of the last change. Of two entries for the same, the one with the greater number counts (L26). */
  readonly change: number;
}

/** The times by which an entry's effect is judged. */
export interface RevocationTimes {
  /** The time now, in ms since 1970. */
  readonly now: number;
  /** Tokens older than this aren't accepted anyway, in ms. Infinity if tokens may have any age. */
  readonly maxTokenAgeMs: number;
}

/** Tells if an entry can refuse anything now or later. */
export function hasEffect(
  { kind, value }: RevocationEntry,
  { now, maxTokenAgeMs }: RevocationTimes,
): boolean {
  if (value === 0) return false;
  return kind === "user" ? value > now : value > now - maxTokenAgeMs;
}

/** The revocations that a process knows. Of several entries for the same, the one with the greatest number counts. */
export class RevocationSet {
  readonly #entries = new Map<string, RevocationEntry>();

  get size(): number {
    return this.#entries.size;
  }

  entries(): readonly RevocationEntry[] {
    return [...this.#entries.values()];
  }

  find(kind: RevocationEntry["kind"], user: string): RevocationEntry | undefined {
    return this.#entries.get(keyOf(kind, user));
  }

  /** Returns what is revoked of a user now. Undefined if nothing is. */
  of(user: string, times: RevocationTimes): Revocation | undefined {
    // Mostly nothing is revoked. Then no keys are built.
    if (this.size === 0) return undefined;
    const tokens = this.find("tokens", user);
    const block = this.find("user", user);
    const issuedBefore = tokens && hasEffect(tokens, times) ? tokens.value : undefined;
    const until = block && hasEffect(block, times) ? block.value : undefined;
    if (issuedBefore === undefined && until === undefined) return undefined;
    return {
      user,
      ...(issuedBefore !== undefined && { issuedBefore }),
      ...(until !== undefined && { until }),
    };
  }

  /** Returns what is revoked now, in the order of the users' names. */
  list(times: RevocationTimes): readonly Revocation[] {
    const users = new Set(this.entries().map(({ user }) => user));
    return [...users].sort().flatMap((user) => this.of(user, times) ?? []);
  }

  /** Returns those of the entries that are newer than the set's own, or that the set lacks. */
  newerOf(entries: readonly RevocationEntry[]): readonly RevocationEntry[] {
    return entries.filter(({ kind, user, change }) => change > (this.find(kind, user)?.change ?? 0));
  }

  /** Adds the entries that are newer than those of the set. */
  merge(entries: readonly RevocationEntry[]): void {
    for (const entry of this.newerOf(entries)) this.#entries.set(keyOf(entry.kind, entry.user), entry);
  }

  /** Removes the entries for which `isObsolete` returns true. */
  remove(isObsolete: (entry: RevocationEntry) => boolean): void {
    for (const [key, entry] of this.#entries) if (isObsolete(entry)) this.#entries.delete(key);
  }
}

/** Returns the name of an entry: a letter for its kind, and the user. */
function keyOf(kind: RevocationEntry["kind"], user: string): string {
  return `${kind === "tokens" ? "t" : "b"}:${user}`;
}

/** Encodes an entry for a script or a field of the log: its name, its number and its value. */
export function encodeRevocation({ kind, user, change, value }: RevocationEntry): [string, string, string] {
  return [keyOf(kind, user), `${change}`, `${value}`];
}

/** Decodes an entry of the log. Returns undefined if it isn't one that this version knows. */
export function decodeRevocation(key: string, text: string): RevocationEntry | undefined {
  const [, letter, user] = /^([tb]):(.+)$/u.exec(key) ?? [];
  const [, change, value] = /^(\d{1,16}) (\d{1,16})$/.exec(text) ?? [];
  if (user === undefined || change === undefined) return undefined;
  return { kind: letter === "t" ? "tokens" : "user", user, change: Number(change), value: Number(value) };
}
