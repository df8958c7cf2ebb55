import type { Appender } from "./appender.ts";
import type { Consumer } from "./consumer.ts";
import type { LiveFeed, LiveListener } from "./live-feed.ts";
import type { LogTail } from "./log-tail.ts";

/**
 * The message log and its live channels, as four roles. An adapter connects only for the roles that are requested, so
 * that each service needs only the permissions of its own role. Each role may be requested once.
 */
export interface Bus {
  append(): Appender;
  live(listener: LiveListener): LiveFeed;
  /** `lastStored` returns the store's greatest id, or ORIGIN if there is none. A new log starts above it (L1). */
  consume(options: { readonly lastStored: () => Promise<string> }): Consumer;
  tail(): LogTail;
  /** Settles accepted drafts as far as that is still possible, then closes all connections. */
  close(): Promise<void>;
}
