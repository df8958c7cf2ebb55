import { formatId, type LogMessage } from "@parley/models";
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

/** Stores messages of alice. They go in turn to bob and to the public room, so that bob reads all of them. */
export function storeForBob(dir: string, count: number, padding: string): Promise<void> {
  return storeMessages(dir, count, (n) => ({
    id: formatId({ ms: 1_700_000_000_000 + n, seq: 0 }),
    from: "alice",
    to: n % 2 === 0 ? "bob" : "",
    content: `message ${n} ${padding}`,
  }));
}
