import { formatId, type LogMessage } from "@parley/models";
import type { Store } from "@parley/store";
import type { StoredConversation } from "./target.ts";

const BATCH = 500;
/** Age of the messages. They are older than the log, so history-api reads them from the store. */
const AGE_MS = 86_400_000;

/** Stores messages without the log, because sending so many would take minutes at the default rate. */
export async function fillStore(store: Store, conversations: readonly StoredConversation[]): Promise<void> {
  await store.prepare();
  let ms = Date.now() - AGE_MS;
  for (const { from, to, count, bytes } of conversations) {
    const content = "x".repeat(bytes);
    for (let first = 0; first < count; first += BATCH) {
      ms += 1;
      const size = Math.min(BATCH, count - first);
      const messages = Array.from({ length: size }, (_, seq) => ({
        id: formatId({ ms, seq }),
        from,
        to,
        content,
      }));
      await insertAll(store, messages);
    }
  }
}

async function insertAll(store: Store, messages: readonly LogMessage[]): Promise<void> {
  const outcomes = await store.insert(messages);
  const failed = outcomes.find(({ kind }) => kind !== "stored");
  if (failed) throw new Error(`a message could not be stored: ${failed.kind}`);
}
