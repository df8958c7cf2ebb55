import { formatId, ORIGIN, parseId } from "@parley/models";
import { openSqliteStore } from "./index.ts";

/**
 * A child process for tests. Opens the store in a directory and prints `open` or the error. With a batch size it then
 * inserts batches until it is killed, starting after the last stored id, and prints the last id of each stored batch.
 * If an insert fails, it prints `refused` with the error's code and ends.
 */
const [dir = "", size] = process.argv.slice(2);

try {
  const store = openSqliteStore({ dir });
  console.log("open");
  if (size === undefined) setInterval(() => undefined, 1_000);
  else await insertForEver(Number(size), (parseId(await store.lastId()) ?? { seq: 0 }).seq + 1);

  async function insertForEver(batch: number, first: number): Promise<void> {
    for (let seq = first; ; seq += batch) {
      const messages = Array.from({ length: batch }, (_, i) => {
        const id = formatId({ ms: 1_700_000_000_000, seq: seq + i });
        return { id, from: "alice", to: "", content: `content of ${id}`, ref: id };
      });
      try {
        const outcomes = await store.insert(messages);
        if (!outcomes.every(({ kind }) => kind === "stored")) throw new Error("not stored");
        process.stdout.write(`${messages.at(-1)?.id ?? ORIGIN}\n`);
      } catch (error) {
        console.log(`refused ${error instanceof Error && "code" in error ? error.code : String(error)}`);
        await store.close();
        return;
      }
    }
  }
} catch (error) {
  console.log(String(error));
}
