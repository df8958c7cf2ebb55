import type { Appender } from "./appender.ts";
import type { ConsumeOptions, Consumer } from "./consumer.ts";
import type { LiveFeed, LiveListener } from "./live-feed.ts";
import type { LogTail } from "./log-tail.ts";
import type { MarkFeed, MarkListener, MarkQueue, MarkReader } from "./marks.ts";
import type { Revocations } from "./revocations.ts";

/**
 * The message log and its live channels, offered as roles. An adapter connects only for the roles that are
 * requested, so each service needs only the permissions of its own roles. Each role may be requested once.
 */
export interface Bus {
  append(): Appender;
  live(listener: LiveListener): LiveFeed;
  consume(options: ConsumeOptions): Consumer;
  tail(): LogTail;
  revocations(): Revocations;
  /** Raises read marks and hears of them (P70). */
  raiseMarks(listener: MarkListener): MarkFeed;
  /** Hands out the marks that aren't stored yet (L27). */
  storeMarks(): MarkQueue;
  /** Reads the marks that aren't stored yet. */
  findMarks(): MarkReader;
  /** Waits a limited time for the results of accepted drafts, then closes all connections. */
  close(): Promise<void>;
}
