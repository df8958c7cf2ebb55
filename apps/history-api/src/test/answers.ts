import { type LogMessage, refKey } from "@parley/models";
import { expect } from "vitest";

/** The ids of the log's messages that an answer lacks: it contains neither the message nor a duplicate of it. */
export function missing(answer: readonly LogMessage[], log: readonly LogMessage[]): string[] {
  const ids = new Set(answer.map(({ id }) => id));
  const keyOf = (message: LogMessage) => `${refKey(message)}\n${message.content}`;
  const shown = new Set(answer.map((message) => keyOf(log.find(({ id }) => id === message.id) ?? message)));
  return log
    .filter((message) => !ids.has(message.id) && !(message.ref !== undefined && shown.has(keyOf(message))))
    .map(({ id }) => id);
}

/** The refs that an answer shows twice. Ignores refs that were used for several contents. */
export function duplicated(answer: readonly LogMessage[], log: readonly LogMessage[]): string[] {
  const contents = new Map<string, Set<string>>();
  const originals = new Map(log.map((message) => [message.id, message]));
  for (const message of log) {
    const key = refKey(message);
    if (key === undefined) continue;
    contents.set(key, (contents.get(key) ?? new Set()).add(message.content));
  }
  const keys = answer
    .map((message) => refKey(originals.get(message.id) ?? message))
    .filter((key) => key !== undefined && contents.get(key)?.size === 1);
  return keys.filter((key, index) => keys.indexOf(key) !== index).map(String);
}

/** True if no other message of the log has the ref of this one. */
export function isOnly(message: LogMessage, log: readonly LogMessage[]): boolean {
  return log.filter((other) => refKey(other) === refKey(message)).length === 1;
}

export function assertInOrder(answer: readonly LogMessage[]): void {
  const ids = answer.map(({ id }) => id);
  expect(ids).toEqual([...new Set(ids)].sort());
}
