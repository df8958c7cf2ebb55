import type {
  Consumed,
  Consumer,
  LogState,
  MarkQueue,
  Outcome,
  ReadMark,
  Settled,
  UnstoredMarks,
} from "@parley/bus";
import {
  ChatError,
  contentDigest,
  formatId,
  type LogChange,
  type LogEntry,
  type LogMessage,
  ORIGIN,
  positionOf,
} from "@parley/models";
import type {
  ChangeOptions,
  ChangeOutcome,
  InsertOptions,
  InsertOutcome,
  MarkName,
  MarkOutcome,
  MarkStore,
  PrepareOptions,
  Store,
  StoredMark,
  StoreFormat,
} from "@parley/store";

/** A log and a store whose failures tests control step by step. */

export function message(seq: number, changes: Partial<LogMessage> = {}): LogMessage {
  const id = formatId({ ms: 1_700_000_000_000, seq });
  return { id, from: "alice", to: "bob", content: `number ${seq}`, ...changes };
}

/** An edit of a message, with the sequence number of its own id. */
export function edit(seq: number, { id, from, to, content }: LogMessage): LogChange {
  const { id: change } = message(seq);
  return { kind: "edit", change, from, to, id, digest: contentDigest({ content }), content: `edit ${seq}` };
}

/** An entry as the log delivers it. */
export function delivered(entry: LogEntry, deliveries = 1): Consumed {
  return { entry, deliveries };
}

export const unavailable = () => new ChatError("unavailable");

/** A log that delivers the batches put into it, one at a time, and records what is settled. */
export class ScriptedConsumer implements Consumer {
  readonly acknowledged: boolean;
  readonly settled: Settled[] = [];
  readonly batches: (readonly Consumed[])[] = [];
  /** Number of calls to `next`, including one that still waits for a batch. */
  nextCalls = 0;
  state: LogState = {
    end: ORIGIN,
    watermark: ORIGIN,
    backlogEntries: 0,
    backlogBytes: 0,
    lagMs: 0,
    deadLetters: 0,
  };
  beforeSettle: () => Promise<void> = () => Promise.resolve();
  #wake: () => void = () => undefined;

  constructor({ acknowledged = true }: { readonly acknowledged?: boolean } = {}) {
    this.acknowledged = acknowledged;
  }

  /** Queues a batch for `next`. */
  deliver(...batch: readonly Consumed[]): void {
    this.batches.push(batch);
    this.#wake();
  }

  /** Positions of entries that another consumer has taken over. */
  readonly taken = new Set<string>();
  /** The limit of the last call to `next`. */
  limit = 0;

  async held(consumed: readonly Consumed[]): Promise<readonly Consumed[]> {
    return consumed.filter(({ entry }) => !this.taken.has(positionOf(entry)));
  }

  async next(signal: AbortSignal, limit: number): Promise<readonly Consumed[]> {
    this.nextCalls += 1;
    this.limit = limit;
    while (!signal.aborted) {
      const batch = this.batches.shift();
      if (batch) return batch;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
    }
    throw signal.reason;
  }

  async settle(settled: readonly Settled[]): Promise<void> {
    await this.beforeSettle();
    this.settled.push(...settled);
  }

  onWatermark: () => Promise<string> = () => Promise.resolve(this.state.watermark);

  watermark(): Promise<string> {
    return this.onWatermark();
  }

  trim(): Promise<LogState> {
    return Promise.resolve(this.state);
  }

  readonly deadLetters = {
    list: () => Promise.resolve([]),
    replay: () => Promise.resolve("not_found" as const),
    drop: () => Promise.resolve("not_found" as const),
  };

  problem(): string | undefined {
    return undefined;
  }

  /** The last outcome settled for an entry. */
  outcomeOf(entry: LogEntry): Outcome | undefined {
    const id = positionOf(entry);
    return this.settled.findLast((settled) => positionOf(settled.entry) === id)?.outcome;
  }
}

/** The marks of a store. `onKeep` decides the outcomes. */
class ScriptedMarks implements MarkStore {
  onKeep: (marks: readonly StoredMark[]) => Promise<readonly MarkOutcome[]> = async (marks) =>
    marks.map(() => "kept");

  keep(marks: readonly StoredMark[]): Promise<readonly MarkOutcome[]> {
    return this.onKeep(marks);
  }

  async find(names: readonly MarkName[]): Promise<readonly undefined[]> {
    return names.map(() => undefined);
  }
}

/** The marks of a log: `parts` are listed in turn, and what is reported is recorded. */
export class ScriptedMarkQueue implements MarkQueue {
  parts: readonly UnstoredMarks[] = [];
  readonly reported: { readonly as: "stored" | "dropped"; readonly marks: readonly ReadMark[] }[] = [];
  failure: Error | undefined;

  async list(cursor = ""): Promise<UnstoredMarks> {
    // Lets other work run, as a real log does.
    await new Promise(setImmediate);
    if (this.failure) throw this.failure;
    return this.parts[Number(cursor)] ?? { marks: [], watermark: ORIGIN, cursor: "" };
  }

  async stored(marks: readonly ReadMark[]): Promise<void> {
    this.reported.push({ as: "stored", marks });
  }

  async drop(marks: readonly ReadMark[]): Promise<void> {
    this.reported.push({ as: "dropped", marks });
  }
}

type InsertHandler = (
  messages: readonly LogMessage[],
) => Promise<readonly InsertOutcome[]> | readonly InsertOutcome[];

type ChangeHandler = (changes: readonly LogChange[]) => readonly ChangeOutcome[];

/** A store whose writes are answered by `onInsert` and `onChange`. By default, every entry is stored. */
export class ScriptedStore implements Pick<Store, "prepare" | "upgrade" | "insert" | "change" | "marks"> {
  readonly inserts: (readonly LogMessage[])[] = [];
  /** The options of each insert. */
  readonly mayBeStored: boolean[] = [];
  readonly keepAliases: boolean[] = [];
  onInsert: InsertHandler = (messages) => messages.map(() => ({ kind: "stored" }));
  /** Each call of `change`: the changes, and the watermark. */
  readonly changes: { readonly changes: readonly LogChange[]; readonly watermark: string }[] = [];
  onChange: ChangeHandler = (changes) => changes.map(() => ({ kind: "stored" }));
  readonly marks = new ScriptedMarks();
  onPrepare: () => Promise<void> = () => Promise.resolve();

  onUpgrade: (signal: AbortSignal) => Promise<void> = () => Promise.resolve();
  /** The option of each call of `prepare`. */
  readonly formats: (StoreFormat | undefined)[] = [];

  prepare({ format }: PrepareOptions = {}): Promise<void> {
    this.formats.push(format);
    return this.onPrepare();
  }

  upgrade(signal: AbortSignal): Promise<void> {
    return this.onUpgrade(signal);
  }

  async insert(messages: readonly LogMessage[], options?: InsertOptions): Promise<readonly InsertOutcome[]> {
    this.inserts.push(messages);
    this.mayBeStored.push(options?.mayBeStored ?? false);
    this.keepAliases.push(options?.keepAliases ?? false);
    return this.onInsert(messages);
  }

  async change(
    changes: readonly LogChange[],
    { watermark }: ChangeOptions,
  ): Promise<readonly ChangeOutcome[]> {
    this.changes.push({ changes, watermark });
    return this.onChange(changes);
  }

  /** The ids of each insert, in order. */
  get insertedIds(): string[][] {
    return this.inserts.map((messages) => messages.map((one) => one.id));
  }
}
