import { randomBytes } from "node:crypto";
import {
  decodeRevocation,
  encodeRevocation,
  hasEffect,
  type RevocationEntry,
  RevocationSet,
  type RevocationTimes,
} from "@parley/models";
import type { Redis } from "ioredis";
import type { Observe } from "../../events.ts";
import { RefusedError, reasonOf } from "../errors.ts";
import type { KeyNames } from "../format/keys.ts";
import { textsOf } from "../format/replies.ts";
import { REVOKE } from "../script/scripts.ts";

/** What was learned counts as current for this long, in ms (L26). */
const CURRENT_MS = 2_500;
/** Reason why a process whose revocations are stale doesn't go on, as text for an operator. */
export const STALE = "this process couldn't know what was revoked";

/** Limits of the revocations of one log. */
interface RevocationLimits {
  readonly maxRevocations: number;
  readonly maxTokenAgeMs: number;
}

/** A change of one entry. A copy of an entry has its number; a new change gets one from the log. */
export type EntryChange = Omit<RevocationEntry, "change"> & { readonly change?: number };

export interface KnownRevocationsDeps {
  readonly names: KeyNames;
  readonly limits: RevocationLimits;
  readonly observe: Observe;
}

/**
 * The revocations that this process knows. All roles of a bus share it: each tells it the version of the hash that it got
 * with the log's head (L26).
 */
export class KnownRevocations {
  readonly set = new RevocationSet();
  readonly #deps: KnownRevocationsDeps;
  readonly #listeners: (() => void)[] = [];
  #version: string | undefined;
  /** When the last request was sent whose answer had the version of `set`, by the monotonic clock. */
  #confirmedAt = Number.NEGATIVE_INFINITY;

  constructor(deps: KnownRevocationsDeps) {
    this.#deps = deps;
  }

  get times(): RevocationTimes {
    return { now: Date.now(), maxTokenAgeMs: this.#deps.limits.maxTokenAgeMs };
  }

  get isCurrent(): boolean {
    return this.isConfirmedWithin(CURRENT_MS);
  }

  /**
   * True if this process knew the revocations once and can't know now, for instance after it was frozen. Until it has asked,
   * it neither delivers nor appends, because its connections may be of users who were revoked meanwhile (L26).
   */
  get isStale(): boolean {
    return this.#version !== undefined && !this.isCurrent;
  }

  isConfirmedWithin(ms: number): boolean {
    return performance.now() - this.#confirmedAt <= ms;
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /**
   * Runs `read`, which returns the version with what it reads, or undefined if there is no log. If that is another version than the known one, reads the
   * revocations before it returns. Rejects as `read` does, or if the revocations can't be read.
   */
  async follow<T extends { readonly revocations: string | undefined }>(
    client: Redis,
    read: () => Promise<T>,
  ): Promise<T> {
    const askedAt = performance.now();
    const result = await read();
    if (result.revocations === undefined) return result;
    if (result.revocations === this.#version) this.#confirm(askedAt);
    else await this.load(client);
    return result;
  }

  /** Reads the revocations. Writes those back that the log has lost. */
  async load(client: Redis): Promise<void> {
    await this.change(client, []);
  }

  /**
   * Changes entries in the log, and reads all of them. Resolves with false if there is no room. Rejects with RefusedError if
   * there is no log.
   */
  async change(client: Redis, changes: readonly EntryChange[]): Promise<boolean> {
    const { names, limits, observe } = this.#deps;
    const { maxRevocations: limit, maxTokenAgeMs } = limits;
    const askedAt = performance.now();
    const args = [
      randomBytes(6).toString("base64url"),
      limit,
      ageArg(maxTokenAgeMs),
      ...changes.flatMap(argsOf),
    ];
    const reply = await REVOKE.run(client, [names.meta, names.revocations], args);
    const [status, version = "", ...fields] = textsOf(reply);
    if (status === "no-log") throw new RefusedError("there is no log in Redis");
    if (status !== "ok") return false;
    // A newer answer may have come first, over another connection. Then its entries stay, and the next head differs.
    const lost = this.#learn(entriesIn(fields));
    this.#version = version;
    this.#confirm(askedAt);
    observe({ type: "revocations", entries: this.set.size, limit });
    for (const listener of this.#listeners) listener();
    if (lost.length > 0) await this.#writeBack(client, lost);
    return true;
  }

  #confirm(askedAt: number): void {
    this.#confirmedAt = Math.max(this.#confirmedAt, askedAt);
  }

  /**
   * Takes over what was read. Returns the entries that the log should have and hasn't: they have an effect, and the log has
   * nothing newer. An entry that was deleted stays in the log for long, so these weren't deleted.
   */
  #learn(read: readonly RevocationEntry[]): readonly RevocationEntry[] {
    const { times } = this;
    const inLog = new RevocationSet();
    inLog.merge(read);
    this.set.remove((entry) => !inLog.find(entry.kind, entry.user) && !hasEffect(entry, times));
    this.set.merge(read);
    return inLog.newerOf(this.set.entries());
  }

  async #writeBack(client: Redis, lost: readonly RevocationEntry[]): Promise<void> {
    const { observe } = this.#deps;
    try {
      await this.change(client, lost);
      observe({ type: "revocations-restored", entries: lost.length });
    } catch (error) {
      // This process goes on using them, and writes them back when the version changes again.
      observe({
        type: "warning",
        text: `the log has lost revocations, and they can't be written back: ${reasonOf(error)}`,
      });
    }
  }
}

/** Returns the entries of the hash, from its fields. Leaves out what a later version may write. */
function entriesIn(fields: readonly string[]): readonly RevocationEntry[] {
  const entries: RevocationEntry[] = [];
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const entry = decodeRevocation(fields[i] ?? "", fields[i + 1] ?? "");
    if (entry) entries.push(entry);
  }
  return entries;
}

function argsOf({ change, ...entry }: EntryChange): string[] {
  const [key, number, value] = encodeRevocation({ ...entry, change: change ?? 0 });
  return [key, change === undefined ? "" : number, value];
}

/** Lua knows no "Infinity". No token is older than this. */
function ageArg(maxTokenAgeMs: number): number {
  return Math.min(maxTokenAgeMs, 8_640_000_000_000_000);
}
