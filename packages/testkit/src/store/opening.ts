import { randomUUID } from "node:crypto";
import type { LogMessage } from "@parley/models";
import type { Range, Store } from "@parley/store";

/** Opens the store at a place that is known by a name of letters and digits; a name never used before is empty. */
export type OpenAt = (place: string) => Store;

/** Opens a store for one test: prepared, empty unless `place` was used before, closed when the test ends. */
export type OpenStore = (place?: string) => Promise<Store>;

export function newPlace(): string {
  return `t${randomUUID().replaceAll("-", "")}`;
}

/** Everything in one conversation, or within a range of it. */
export async function everything(
  store: Store,
  conversation: string,
  range: Range = {},
): Promise<LogMessage[]> {
  const messages: LogMessage[] = [];
  for await (const message of store.all(conversation, range)) messages.push(message);
  return messages;
}
