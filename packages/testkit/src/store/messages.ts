import { formatId, type LogMessage } from "@parley/models";

const START_MS = 1_700_000_000_000;

/** Returns the nth id of a test's log. Three ids share each millisecond, so that the sequence number matters too. */
export function idAt(n: number): string {
  return formatId({ ms: START_MS + Math.floor(n / 3), seq: n % 3 });
}

/** Returns a public message from alice with the nth id. `fields` overrides its fields. */
export function messageAt(n: number, fields: Partial<LogMessage> = {}): LogMessage {
  return { id: idAt(n), from: "alice", to: "", content: `message ${n}`, ...fields };
}

/** Returns the messages with the numbers from `from` to `to` - 1. */
export function messagesAt(from: number, to: number, fields: Partial<LogMessage> = {}): LogMessage[] {
  return Array.from({ length: to - from }, (_, i) => messageAt(from + i, fields));
}

export function idsOf(messages: readonly LogMessage[]): string[] {
  return messages.map(({ id }) => id);
}

/** Compares two messages with different ids, for sorting by id. */
export function inIdOrder(a: LogMessage, b: LogMessage): number {
  return a.id < b.id ? -1 : 1;
}
