import type { StoreFormat } from "@parley/store";
import type { PersisterEvent } from "../events.ts";
import { createPersister, type Persister, type Timings } from "../persister.ts";
import { ScriptedConsumer, ScriptedMarkQueue, ScriptedStore } from "./scripted-adapters.ts";

const RETRY = { minMs: 1, maxMs: 4 };
const FAST: Timings = { retry: RETRY, upgradeRetry: RETRY, trimEveryMs: 1, marksEveryMs: 1, drainMs: 10_000 };

export interface RunningPersister {
  readonly persister: Persister;
  readonly consumer: ScriptedConsumer;
  readonly store: ScriptedStore;
  readonly marks: ScriptedMarkQueue;
  readonly events: PersisterEvent[];
}

let stopping = new AbortController();
let run: Promise<void> = Promise.resolve();

/** Starts a persister over a scripted log and store. Only one may run at a time; end it with `stop`. */
export function start(
  options: {
    acknowledged?: boolean;
    store?: ScriptedStore;
    storeFormat?: StoreFormat | undefined;
    timings?: Partial<Timings>;
    gatherMs?: number;
    /** The time on both clocks. */
    now?: () => number;
  } = {},
): RunningPersister {
  const consumer = new ScriptedConsumer(options);
  const store = options.store ?? new ScriptedStore();
  const marks = new ScriptedMarkQueue();
  const events: PersisterEvent[] = [];
  const timings = { ...FAST, ...options.timings };
  const persister = createPersister({
    consumer,
    marks,
    store,
    storeFormat: options.storeFormat,
    gatherMs: options.gatherMs ?? 0,
    timings,
    ...(options.now && { now: options.now, monotonicNow: options.now }),
    observe: (event) => events.push(event),
  });
  stopping = new AbortController();
  run = persister.run(stopping.signal);
  return { persister, consumer, store, marks, events };
}

/** Aborts the persister's signal and resolves when `run` has ended. */
export function stop(): Promise<void> {
  stopping.abort();
  return run;
}
