import type { Observe } from "../events.ts";
import { MAX_UNSTORED_MARKS } from "../marks.ts";
import type { LogFormat } from "./format/log-format.ts";

/** Options of a Redis bus. Sizes are in bytes, times in ms. */
export interface RedisBusOptions {
  /** `redis[s]://host:port`, or `redis[s]+sentinel://host:port,…/master`: see connection/address.ts. */
  readonly url: string;
  /** Part of every key and channel name, so that several installations can use one Redis (L38). */
  readonly namespace?: string | undefined;
  /** The format that a persister gives to the log. Undefined: a log keeps its format, and a new one gets one (L25). */
  readonly format?: LogFormat | undefined;
  /** Receives the bus's events. */
  readonly observe?: Observe;
  /** The dedupe window: the log remembers a ref for at least this long (L5). */
  readonly dedupeWindowMs?: number;
  /** The maximum number of refs that the log remembers. At the bound, a new ref gets `backlog_full` (L5). */
  readonly dedupeMaxRefs?: number;
  /** The maximum number of entries after the watermark. At the bound, appends get `backlog_full` (L7). */
  readonly backlogMaxEntries?: number;
  /** The maximum size of the entries after the watermark (L7). */
  readonly backlogMaxBytes?: number;
  /** Timeout of a call that appends. After the timeout, the call's outcome is treated as unknown (L6). */
  readonly appendTimeoutMs?: number;
  /** The maximum time that a draft waits until it is sent to Redis (L6). */
  readonly appendWaitMs?: number;
  /** With `replicated`, an append succeeds only after a replica has confirmed it (L9). */
  readonly durability?: "local" | "replicated";
  /** Permits a Redis whose settings can lose acknowledged messages (L8). */
  readonly allowWeakDurability?: boolean;
  /** After a consumer was silent for this long, other consumers take over its entries (L10). */
  readonly claimIdleMs?: number;
  /** The minimum time that stored entries stay in the log (L12). */
  readonly trimMinAgeMs?: number;
  /** The maximum number of entries in the hash of revocations, of which a user has at most two (L26). */
  readonly maxRevocations?: number;
  /** The maximum age of tokens. Older revocations of tokens are forgotten (L26). */
  readonly maxTokenAgeMs?: number | undefined;
  /** The maximum number of read marks that may wait to be stored (L27). */
  readonly maxUnstoredMarks?: number;
}

/** The options with their defaults, except the URL, the namespace, the format and the observer. */
export type RedisBusConfig = {
  readonly [Name in Exclude<
    keyof RedisBusOptions,
    "url" | "namespace" | "format" | "observe"
  >]-?: NonNullable<RedisBusOptions[Name]>;
};

const DEFAULTS: RedisBusConfig = {
  dedupeWindowMs: 600_000,
  dedupeMaxRefs: 10_000_000,
  backlogMaxEntries: 200_000,
  backlogMaxBytes: 256 * 1024 * 1024,
  appendTimeoutMs: 1_000,
  appendWaitMs: 5_000,
  durability: "local",
  allowWeakDurability: false,
  claimIdleMs: 5_000,
  trimMinAgeMs: 60_000,
  maxRevocations: 10_000,
  maxTokenAgeMs: Number.POSITIVE_INFINITY,
  maxUnstoredMarks: MAX_UNSTORED_MARKS,
};

/** Adds the defaults. An option whose value is undefined gets its default. */
export function configFrom(options: Omit<RedisBusOptions, "url">): RedisBusConfig {
  const defined = Object.entries(options).filter(([, value]) => value !== undefined);
  return { ...DEFAULTS, ...Object.fromEntries(defined) };
}
