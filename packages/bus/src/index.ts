export { type Append, type Appended, MAX_CALL_BYTES, MAX_CALL_DRAFTS } from "./append.ts";
export type { Bus } from "./bus.ts";
export type { Consume, Consumed, DeadLetter, DeadLetters, LogState, Outcome, Settled } from "./consume.ts";
export type { BusEvent, Observe } from "./events.ts";
export type { Live, LiveListener, LiveMessage } from "./live.ts";
export type { Tail, TailRead } from "./tail.ts";
