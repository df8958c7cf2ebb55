import type { Change } from "../workload/ledger.ts";

interface WithContent {
  readonly id: string;
  readonly content: string;
}

/**
 * Returns a function that gives changed messages their first content again, so that they can be compared with what was
 * sent. A content that no change of the message has stays as it is.
 */
export function firstContents(
  changes: readonly Change[],
): <T extends WithContent>(messages: readonly T[]) => readonly T[] {
  const byId = Map.groupBy(changes, ({ id }) => id);
  return (messages) =>
    messages.map((message) => {
      const change = byId.get(message.id)?.find(({ content }) => content === message.content);
      return change ? { ...message, content: change.send.content } : message;
    });
}
