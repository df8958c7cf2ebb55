import type { Appender } from "./appender.ts";
import type { Consumer } from "./consumer.ts";
import type { LiveFeed, LiveListener } from "./live-feed.ts";
import type { LogTail } from "./log-tail.ts";

/**
 * The log and the live channels behind it. Ask only for the roles you need: an adapter opens connections for those
 * alone, so that each service can be given just the rights of its role. Each role is asked for at most once.
 */
export interface Bus {
  append(): Appender;
  live(listener: LiveListener): LiveFeed;
  /** `lastStored` is the store's greatest id (ORIGIN for none): a log that is made anew starts above it (L1). */
  consume(options: { readonly lastStored: () => Promise<string> }): Consumer;
  tail(): LogTail;
  /** Settles what was accepted, as far as that can still be done, and closes every connection. */
  close(): Promise<void>;
}
