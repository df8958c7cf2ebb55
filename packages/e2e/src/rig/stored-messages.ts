import type { LogMessage } from "@parley/models";
import { openSqliteStore } from "@parley/store/sqlite";

const BATCH = 1_000;

/** Puts `count` messages straight into the data folder of a standalone that does not run: `messageOf` 0, 1, 2, … */
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
