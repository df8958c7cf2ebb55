import type { LogMessage } from "@parley/models";
import { openSqliteStore } from "@parley/store/sqlite";

const BATCH = 1_000;

/** Writes the messages `messageOf(0)` to `messageOf(count - 1)` into the data folder of a stopped standalone. */
export async function storeMessages(
  dir: string,
  count: number,
  messageOf: (n: number) => LogMessage,
): Promise<void> {
  const store = openSqliteStore({ dir });
  for (let from = 0; from < count; from += BATCH) {
    const length = Math.min(BATCH, count - from);
    await store.insert(Array.from({ length }, (_, n) => messageOf(from + n)));
  }
  await store.close();
}
