import { openMongoStore } from "../index.ts";

/**
 * A child process for tests. Changes the store at a URL to format 2 in pages of a size, prints a line for each page of
 * messages, and `done` at the end.
 */
const [url = "", pageSize = ""] = process.argv.slice(2);

const store = openMongoStore({
  url,
  timeoutMs: 1_200_000,
  pageSize: Number(pageSize),
  observe: (event) => {
    if (event.type === "backfill") process.stdout.write(`read ${event.messages} filled ${event.filled}\n`);
  },
});
await store.prepare({ format: 2 });
process.stdout.write("prepared\n");
await store.upgrade(new AbortController().signal);
process.stdout.write("done\n");
await store.close();
