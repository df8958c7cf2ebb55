import type { Collection, FindCursor } from "mongodb";
import type { BackfillSubject, Observe } from "../events.ts";
import type { RunStep, TimeLimit } from "./deadline.ts";
import type { MessageDocument, ProgressDocument } from "./document.ts";

/** Messages per read, unless a test sets fewer. */
export const PAGE_SIZE = 2_000;

/** The part of a message's document that a backfill reads of every message. */
export type BackfillRow = Pick<MessageDocument, "_id" | "from" | "to" | "key">;

export interface BackfillOptions {
  readonly subject: BackfillSubject;
  readonly messages: Collection<MessageDocument>;
  /** Undefined to begin at the first message and to record nothing. */
  readonly progress?: Collection<ProgressDocument>;
  /** Adds what is missing for a page of messages. Returns the number of messages for which something was missing. */
  readonly fill: (page: readonly BackfillRow[], runStep: RunStep) => Promise<number>;
  readonly runStep: RunStep;
  readonly observe: Observe;
  /** Messages per read. */
  readonly pageSize: number;
}

/**
 * Adds what messages of an earlier version lack. Reads all messages once, in id order, while others are stored and read.
 *
 * Runs in steps. Each step has a time limit, but the whole run has none. Rejects if a step fails. The next run continues
 * after the last page that was completed, in any process. Several processes may run it at once: each page may be
 * completed several times. Returns the number of messages for which something was missing.
 */
export async function runBackfill(options: BackfillOptions): Promise<number> {
  const { subject, messages, progress, fill, runStep, observe, pageSize } = options;
  const started = performance.now();
  let [read, filled] = [0, 0];
  let upTo = progress ? await runStep((limit) => readProgress(progress, subject, limit)) : "";
  for (let done = false; !done; )
    for await (const page of pagesAfter(messages, upTo, runStep, pageSize)) {
      filled += await fill(page, runStep);
      read += page.length;
      done = page.length < pageSize;
      const last = page.at(-1)?._id ?? upTo;
      // Another process may have come further. Then the next pages are after its last one.
      upTo = progress && !done ? await runStep((limit) => record(progress, subject, last, limit)) : last;
      const ms = performance.now() - started;
      if (read > 0) observe({ type: "backfill", subject, messages: read, filled, upTo, done, ms });
      if (upTo !== last) break;
    }
  return filled;
}

/** Removes the record of a backfill that is complete. */
export async function forgetProgress(
  progress: Collection<ProgressDocument>,
  subject: BackfillSubject,
  { maxTimeMS }: TimeLimit,
): Promise<void> {
  await progress.deleteOne({ _id: subject }, { maxTimeMS });
}

async function readProgress(
  progress: Collection<ProgressDocument>,
  subject: BackfillSubject,
  timeLimit: TimeLimit,
): Promise<string> {
  return (await progress.findOne({ _id: subject }, timeLimit))?.upTo ?? "";
}

async function record(
  progress: Collection<ProgressDocument>,
  subject: BackfillSubject,
  upTo: string,
  { maxTimeMS }: TimeLimit,
): Promise<string> {
  const options = { upsert: true, returnDocument: "after", maxTimeMS } as const;
  const recorded = await progress.findOneAndUpdate({ _id: subject }, { $max: { upTo } }, options);
  return recorded?.upTo ?? upTo;
}

/**
 * Reads all pages after an id with one cursor: some servers read and sort everything that a query finds, and would do so
 * again for each page. Ends with a page that isn't full. Each page is a step, and the cursor has no time limit of its own.
 */
async function* pagesAfter(
  messages: Collection<MessageDocument>,
  after: string,
  runStep: RunStep,
  pageSize: number,
): AsyncGenerator<readonly BackfillRow[]> {
  const projection = { from: 1, to: 1, key: 1 } as const;
  const options = { hint: { _id: 1 }, sort: { _id: 1 }, batchSize: pageSize, projection } as const;
  const cursor = messages.find<BackfillRow>({ _id: { $gt: after } }, options);
  try {
    for (let isFull = true; isFull; ) {
      const page = await runStep(() => nextPage(cursor, pageSize));
      isFull = page.length === pageSize;
      yield page;
    }
  } finally {
    await cursor.close();
  }
}

async function nextPage(cursor: FindCursor<BackfillRow>, pageSize: number): Promise<readonly BackfillRow[]> {
  const page: BackfillRow[] = [];
  while (page.length < pageSize) {
    const first = await cursor.next();
    if (first === null) break;
    page.push(first, ...cursor.readBufferedDocuments(pageSize - page.length - 1));
  }
  return page;
}
