import { randomUUID } from "node:crypto";
import type { LogMessage } from "@parley/models";
import type { Range, Store } from "@parley/store";

/** Opens the store with the name `place`, which has only letters and digits. A store with a new name is empty. */
export type OpenAt = (place: string) => Store;

/**
 * Opens and prepares a store for one test, and closes it when the test ends. The store is empty unless `place` was
 * used before.
 */
export type OpenStore = (place?: string) => Promise<Store>;

/** Returns the name of a new, empty store. */
export function newPlace(): string {
  return `t${randomUUID().replaceAll("-", "")}`;
}

/** Reads all messages of a conversation, or of a range in it. */
export async function everything(
  store: Store,
  conversation: string,
  range: Range = {},
): Promise<LogMessage[]> {
  const messages: LogMessage[] = [];
  for await (const message of store.all(conversation, range)) messages.push(message);
  return messages;
}
