import type { Append } from "./append.ts";
import type { Consume } from "./consume.ts";
import type { Live, LiveListener } from "./live.ts";
import type { Tail } from "./tail.ts";

/**
 * The log and the live channels behind it. Ask only for the roles you need: an adapter opens connections for those
 * alone, so that each service can be given just the rights of its role. Each role is asked for at most once.
 */
export interface Bus {
  append(): Append;
  live(listener: LiveListener): Live;
  /** `lastStored` is the store's greatest id (ORIGIN for none): a log that is made anew starts above it (L1). */
  consume(options: { readonly lastStored: () => Promise<string> }): Consume;
  tail(): Tail;
  /** Settles what was accepted, as far as that can still be done, and closes every connection. */
  close(): Promise<void>;
}
