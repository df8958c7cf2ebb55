import { formatId, type LogMessage } from "@parley/models";

const START_MS = 1_700_000_000_000;

/** The nth id of a test's log. Some share their millisecond, so that the sequence counts too. */
export function idAt(n: number): string {
  return formatId({ ms: START_MS + Math.floor(n / 3), seq: n % 3 });
}

/** A public message of alice's at place `n`; `more` says what is another. */
export function messageAt(n: number, more: Partial<LogMessage> = {}): LogMessage {
  return { id: idAt(n), from: "alice", to: "", content: `message ${n}`, ...more };
}

/** The messages at places `from` up to, and without, `to`. */
export function messagesAt(from: number, to: number, more: Partial<LogMessage> = {}): LogMessage[] {
  return Array.from({ length: to - from }, (_, i) => messageAt(from + i, more));
}

export function idsOf(messages: readonly LogMessage[]): string[] {
  return messages.map(({ id }) => id);
}

/** Compares two different messages, for sorting. */
export function inIdOrder(a: LogMessage, b: LogMessage): number {
  return a.id < b.id ? -1 : 1;
}
