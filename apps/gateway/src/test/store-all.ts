import type { Consumer, Outcome } from "@parley/bus";
import type { MemoryBus } from "@parley/bus/memory";
import {
  isChange,
  isSameContent,
  type LogChange,
  type LogEntry,
  type LogMessage,
  ORIGIN,
  refKey,
} from "@parley/models";

/** Stores every message and change of the log in memory. Stands in for a persister in tests of a gateway alone. */
export class StoreAll {
  readonly messages: LogMessage[] = [];
  readonly changes: LogChange[] = [];
  readonly #refs = new Map<string, LogMessage>();
  readonly #ending = new AbortController();
  readonly #consume: Consumer;
  readonly #running: Promise<void>;
  #gate: Promise<void> = Promise.resolve();
  #open: () => void = () => undefined;

  constructor(bus: MemoryBus) {
    this.#consume = bus.consume({ lastStored: async () => ORIGIN });
    this.#running = this.#run();
  }

  /** Stores nothing until `resume`, so that nothing is acknowledged. */
  pause(): void {
    this.#gate = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  resume(): void {
    this.#open();
  }

  async end(): Promise<void> {
    this.#ending.abort();
    this.#open();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      const batch = await this.#consume.next(signal);
      await this.#gate;
      await this.#consume.settle(batch.map(({ entry }) => ({ entry, outcome: this.#store(entry) })));
    }
  }

  #store(message: LogEntry): Outcome {
    if (isChange(message)) {
      this.changes.push(message);
      return { kind: "stored" };
    }
    const key = refKey(message);
    const known = key === undefined ? undefined : this.#refs.get(key);
    if (known)
      return isSameContent(known, message) ? { kind: "duplicateOf", id: known.id } : { kind: "refReused" };
    if (key !== undefined) this.#refs.set(key, message);
    this.messages.push(message);
    return { kind: "stored" };
  }
}
