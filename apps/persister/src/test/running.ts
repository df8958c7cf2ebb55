import type { PersisterEvent } from "../events.ts";
import { createPersister, type Persister, type Timings } from "../persister.ts";
import { ScriptedConsume, ScriptedStore } from "./scripted.ts";

const FAST: Timings = { retry: { minMs: 1, maxMs: 4 }, trimEveryMs: 1, drainMs: 10_000 };

export interface Running {
  readonly persister: Persister;
  readonly consume: ScriptedConsume;
  readonly store: ScriptedStore;
  readonly events: PersisterEvent[];
}

let stopping = new AbortController();
let run: Promise<void> = Promise.resolve();

/** A persister over scripted parts, until `stop`: one at a time. */
export function start(
  options: {
    acknowledged?: boolean;
    store?: ScriptedStore;
    timings?: Partial<Timings>;
    now?: () => number;
  } = {},
): Running {
  const consume = new ScriptedConsume(options);
  const store = options.store ?? new ScriptedStore();
  const events: PersisterEvent[] = [];
  const timings = { ...FAST, ...options.timings };
  const persister = createPersister({
    ...{ consume, store, timings, now: options.now ?? Date.now },
    observe: (event) => events.push(event),
  });
  stopping = new AbortController();
  run = persister.run(stopping.signal);
  return { persister, consume, store, events };
}

/** Tells it to stop; resolves once it has. */
export function stop(): Promise<void> {
  stopping.abort();
  return run;
}
