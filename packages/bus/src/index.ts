export { type Appended, type Appender, MAX_CALL_BYTES, MAX_CALL_DRAFTS } from "./appender.ts";
export type { Bus } from "./bus.ts";
export type { Consumed, Consumer, DeadLetter, DeadLetters, Outcome, Settled } from "./consumer.ts";
export type { BusEvent, Observe } from "./events.ts";
export type { LiveFeed, LiveListener, LiveMessage } from "./live-feed.ts";
export type { LogState } from "./log-state.ts";
export type { LogTail, TailRead, UnknownEntry } from "./log-tail.ts";
export {
  MAX_CALL_MARKS,
  MAX_UNSTORED_MARKS,
  type MarkFeed,
  type MarkListener,
  type MarkName,
  type MarkQueue,
  type MarkReader,
  type Raised,
  type ReadMark,
  type UnstoredMarks,
} from "./marks.ts";
export type { Revocations } from "./revocations.ts";
